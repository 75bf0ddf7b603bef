"""Who is ruled out as the best: by hand, and how often a truly best one is, over simulated comparisons."""

import math

import numpy as np
import pandas as pd
from scipy import stats

from benchmark.reports.stats.best import contest

SEVEN = [0.50, 0.52, 0.54, 0.56, 0.58, 0.60, 0.62]
TRIALS = 400


def lowered(by: float) -> list[float]:
    return [value - by for value in SEVEN]


def names(found) -> list[str]:
    return [encoding for _, encoding in found.ruled_out]


def test_who_is_always_worse_is_ruled_out_where_seeds_suffice(tidy) -> None:
    # 2 / 2^7 = .0156 lies below .05 / 3 and above .05 / 4.
    three = {"rope": SEVEN, "alibi": lowered(0.1), "none": lowered(0.2), "vague": SEVEN[::-1]}
    found = contest(tidy(three))
    assert found is not None
    assert (found.best, found.rivals, found.seeds) == (("rope", "rope"), 3, 7)
    assert found.decidable and names(found) == ["alibi", "none"]
    four = contest(tidy(three | {"t5": lowered(0.3)}))
    assert four is not None and not four.decidable and four.ruled_out == ()


def test_a_loss_is_better_below(tidy) -> None:
    found = contest(tidy({"rope": SEVEN, "alibi": lowered(0.1)}, metric="loss_nats"))
    assert found is not None
    assert (found.best, names(found)) == (("alibi", "alibi"), ["rope"])


def test_common_seeds_alone_count(tidy) -> None:
    values = {"rope": [*lowered(0.1), math.nan], "alibi": [*SEVEN, 0.9], "ended": [math.nan], "single": [0.1]}
    found = contest(tidy(values))
    assert found is not None
    assert (found.best[1], found.rivals, found.seeds) == ("alibi", 2, 7)  # "ended" is no rival
    assert names(found) == ["rope"]  # .0156 is below .05 / 2; one seed rules nobody out


def test_test_time_encodings_of_two_models_are_two(tidy) -> None:
    squeezed = [tidy({"pi": lowered(by)}, trained_with=base) for base, by in (("rope", 0.1), ("ntk", -0.1))]
    found = contest(pd.concat([tidy({"rope": SEVEN}), *squeezed]))
    assert found is not None
    assert (found.best, found.ruled_out) == (("ntk", "pi"), (("rope", "pi"), ("rope", "rope")))


def test_nothing_measured_and_nobody_else(tidy) -> None:
    assert contest(tidy({"rope": [math.nan]})) is None
    alone = contest(tidy({"rope": SEVEN}))
    assert alone is not None and not alone.decidable and alone.rivals == 0


def test_a_best_one_is_ruled_out_no_more_often_than_stated(tidy) -> None:
    rng = np.random.default_rng(13)
    table = tidy({name: [0.0] * 8 for name in ("a", "b", "c", "d")})
    lost = 0
    for _ in range(TRIALS):
        values = rng.normal(size=(1, 8)) + rng.normal(0, 0.3, size=(4, 8))  # four that are equally good
        found = contest(table.assign(value=values.ravel()))
        assert found is not None and found.decidable
        lost += "a" in names(found)
    assert lost <= stats.binom.ppf(0.999, TRIALS, 0.05)


def test_a_clearly_worse_one_is_found(tidy) -> None:
    rng = np.random.default_rng(17)
    table = tidy({name: [0.0] * 8 for name in ("a", "b", "c", "d")})
    found = 0
    for _ in range(TRIALS):
        values = rng.normal(0, 0.3, size=(4, 8)) - np.array([[2.0], [0.0], [0.0], [0.0]])
        result = contest(table.assign(value=values.ravel()))
        found += result is not None and "a" in names(result)
    assert found >= 0.8 * TRIALS
