"""How well two settings agree on the order of encodings, and which pairs swap."""

import calibration_of_order as simulated
import numpy as np
import pytest
from calibration import GUIDE
from scipy import stats

from benchmark.reports.stats.floor import NO_FLOOR, Floor
from benchmark.reports.stats.order import agreement, swaps
from benchmark.reports.stats.verdict import Verdict, Who

STEP = np.linspace(0, 0.01, 11)  # of seeds


def verdict(means: dict[str, float], seeds: int = 8, *, floor: Floor = NO_FLOOR, margin: float = 0.02) -> Verdict:
    """Each encoding the same distance from its mean on every seed: the higher mean wins all of them."""
    values = {Who(name, name): mean + STEP[:seeds] for name, mean in means.items()}
    return Verdict.of(values, floor=floor, metric="token_accuracy", margin=margin)


def test_tau_is_scipys_and_its_interval_counts_pairs_by_hand() -> None:
    first = verdict({"a": 0.9, "b": 0.7, "c": 0.5, "d": 0.3})
    second = verdict({"a": 0.9, "b": 0.7, "c": 0.3, "d": 0.5})
    found = agreement(first, second)
    assert found.value == pytest.approx(stats.kendalltau([9, 7, 5, 3], [9, 7, 3, 5]).statistic)
    assert [found.value, found.low, found.high] == pytest.approx([(5 - 1) / 6] * 3) and found.n == 8
    open_ = agreement(first, verdict({"a": 0.9, "b": 0.7, "c": 0.5, "d": 0.3}, seeds=7))  # 8 would do for four
    assert open_.value == 1 and np.isnan([open_.low, open_.high]).all() and open_.n == 7


def test_a_pair_that_is_not_shown_widens_the_interval_by_its_share() -> None:
    names = [Who(name, name) for name in "abc"]
    rows = {names[0]: 0.9 + STEP[:7], names[1]: 0.5 + STEP[:7], names[2]: 0.49 + 0.2 * (-1.0) ** np.arange(7)}
    mixed = Verdict.of(rows)
    assert mixed.duel(names[1], names[2]).winner is None
    found = agreement(verdict({"a": 0.9, "b": 0.7, "c": 0.5}, seeds=7), mixed)
    assert (found.low, found.high) == pytest.approx((1 / 3, 1))


def test_equal_means_have_no_order_and_one_encoding_neither() -> None:
    alike = verdict({"a": 1.0, "b": 1.0})
    assert np.isnan(agreement(alike, verdict({"a": 0.9, "b": 0.5})).value)
    assert np.isnan(agreement(verdict({"a": 1.0}), verdict({"a": 1.0})).value)


def test_encodings_of_only_one_setting_do_not_count() -> None:
    found = agreement(verdict({"a": 0.9, "b": 0.5, "c": 0.7}), verdict({"b": 0.5, "a": 0.9, "d": 0.1}))
    assert found.value == 1


def test_a_swap_is_shown_only_where_the_rule_shows_both_sides() -> None:
    main = verdict({"a": 0.9, "b": 0.5})
    (shown,) = swaps(main, verdict({"a": 0.5, "b": 0.9}))
    assert (shown.before.encoding, shown.after.encoding, shown.shown, shown.seeds) == ("a", "b", True, 8)
    (hidden,) = swaps(main, verdict({"a": 0.5, "b": 0.9}, seeds=5))
    assert (hidden.before.encoding, hidden.shown, hidden.seeds) == ("a", False, 5)
    assert swaps(main, verdict({"a": 0.9, "b": 0.5})) == ()


def test_a_change_within_the_margin_is_no_swap_unless_shown() -> None:
    main, close = verdict({"a": 0.9, "b": 0.5}, seeds=5), verdict({"a": 0.5, "b": 0.515}, seeds=5)
    assert swaps(main, close) == () == swaps(close, main)


def test_two_that_chance_explains_do_not_swap() -> None:
    main = verdict({"a": 0.9, "b": 0.5, "c": 0.1})
    there = verdict({"a": 0.02, "b": 0.05, "c": 0.9}, floor=Floor(metric="token_accuracy", chance=0.01))
    assert {(swap.before.encoding, swap.after.encoding) for swap in swaps(main, there)} == {("a", "c"), ("b", "c")}


def test_the_fast_interval_is_that_of_a_report() -> None:
    generator = np.random.default_rng(3)
    for draw in (simulated.normal(1.0), simulated.learned):
        first = draw(generator, simulated.SAME, (15, 10))
        second = draw(generator, simulated.MIXED, (15, 10))
        low, high = simulated.interval(first, second)
        for index, pair in enumerate(zip(first, second, strict=True)):
            verdicts = [Verdict.of({Who("", str(row)): own for row, own in enumerate(values)}) for values in pair]
            found = agreement(*verdicts)
            own = (-1, 1) if np.isnan(found.low) else (found.low, found.high)
            assert own == pytest.approx((low[index], high[index]))


@pytest.fixture(scope="module")
def small() -> list[simulated.Row]:
    return simulated.simulate(seed=2, size=400)


def test_the_interval_covers_in_a_small_simulation_and_the_bootstrap_does_not(small: list[simulated.Row]) -> None:
    # Of cases with an interval; where few have one, a single miss weighs much.
    known = [
        covered
        for row in small
        for covered, given in zip(row.coverage, row.given, strict=True)
        if covered is not None and given > 0.1
    ]
    assert len(known) > 30 and min(known) >= simulated.LEAST
    assert min(share for row in small for share in row.bootstrap) < 0.5


def test_the_guide_has_the_rows_of_the_script(small: list[simulated.Row]) -> None:
    guide, own = (text.splitlines() for text in (simulated.block(GUIDE.read_text("utf-8")), simulated.written(small)))
    assert [line.partition(" | ")[0] for line in guide] == [line.partition(" | ")[0] for line in own]
    assert guide[0] == own[0]


@pytest.mark.slow
def test_the_guide_is_reproduced() -> None:
    assert simulated.block(GUIDE.read_text("utf-8")) == simulated.written(simulated.simulate())
