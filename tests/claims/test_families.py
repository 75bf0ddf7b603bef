"""The registered claims on planted records: the values they read, and tables of papers as orders."""

import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmark.claims.claim import Claim, Trained
from benchmark.claims.evidence import NOT_LEARNED, conditions
from benchmark.claims.judging import Judgement, judge
from benchmark.claims.orderings import on_one_task, ordering
from benchmark.claims.registry import registered
from benchmark.results.store import Store

NINE = 9


def verdict(id: str, store: Store) -> Judgement:
    return judge([registered()[id]], {}, conditions(store))[0]


def losses(**rises: float) -> dict[str, dict[int, list[float]]]:
    return {name: {1: [5.0] * NINE, 4: [5.0 + rise] * NINE} for name, rise in rises.items()}


@pytest.mark.parametrize(
    ("rises", "word"),
    [
        ({"alibi": 0.0, "t5": 0.1, "rope": 0.2, "sinusoidal": 0.3}, "reproduced"),
        ({"alibi": 0.0, "t5": 0.1, "rope": 0.3, "sinusoidal": 0.2}, "refuted"),
        ({"alibi": 0.0, "t5": 0.1, "rope": 0.2, "sinusoidal": 0.2}, "inconclusive"),
        ({"alibi": 0.0, "rope": 0.2, "sinusoidal": 0.3}, "inconclusive"),
    ],
)
def test_the_order_past_the_end(rises: dict[str, float], word: str, tmp_path: Path, records: ModuleType) -> None:
    assert verdict("T2", records.write_values(tmp_path, "corpus", losses(**rises))).word == word


@pytest.mark.parametrize(("far", "word"), [(0.97, "reproduced"), (0.05, "refuted"), (0.5, "inconclusive")])
def test_rope_past_the_end(far: float, word: str, tmp_path: Path, records: ModuleType) -> None:
    """The text decides against 'extrapolates well' from .5 nat on; recall from a tenth of that at L."""
    recall = {name: {1: [1.0] * NINE, 4: [far] * NINE} for name in ("rope", "alibi")}
    for task in ("recall-mqar", "offset-recall"):
        records.write_values(tmp_path, task, recall)
    found = verdict("T5", records.write_values(tmp_path, "corpus", losses(rope=0.0, alibi=0.0)))
    assert found.word == word
    above_chance = [(far - chance) / (1 - chance) for chance in (1 / 16, 1 / 10)]
    assert [finding.effect.value for finding in found.findings] == pytest.approx([0.0, *above_chance])


def test_recall_that_was_never_learned_says_nothing(tmp_path: Path, records: ModuleType) -> None:
    """At chance within L and past it alike, a share of the score at L would be 1."""
    guessing = {name: {1: [0.1] * NINE, 4: [0.1] * NINE} for name in ("rope", "alibi")}
    records.write_values(tmp_path, "offset-recall", guessing)
    found = verdict("T5", records.write_values(tmp_path, "corpus", losses(rope=0.0, alibi=0.0)))
    assert (found.word, found.reason) == ("not measurable", NOT_LEARNED)


@pytest.mark.parametrize(("seeds", "word"), [(6, "inconclusive"), (7, "refuted")])
def test_a_rise_on_text_is_enough_to_refute(seeds: int, word: str, tmp_path: Path, records: ModuleType) -> None:
    """Any of three criteria may fail, so it is judged among three: 7 seeds, where one criterion takes 6."""
    rope = {"rope": {1: [5.0] * seeds, 4: [5.6] * seeds}, "alibi": {1: [5.0] * seeds, 4: [5.0] * seeds}}
    found = verdict("T5", records.write_values(tmp_path, "corpus", rope))
    assert found.word == word
    assert [criterion.name for criterion in found.lacks] == ["content, above chance", "distance, above chance"]


def test_spread_between_seeds(tmp_path: Path, records: ModuleType) -> None:
    def planted(name: str, factor: float) -> Judgement:
        steps = [-0.2, -0.1, 0.0, 0.1, 0.2]
        values = {
            f"rope:base={base}": {1: [5 + each * 0.01 for each in steps], 4: [5 + each * factor for each in steps]}
            for base in range(10, 18)
        }
        return verdict("T39", records.write_values(tmp_path / name, "corpus", values))

    wide, narrow = planted("wide", 0.1), planted("narrow", 0.005)
    assert [each.findings[0].values for each in (wide, narrow)] == [pytest.approx((10,)), pytest.approx((0.5,))]
    assert (wide.leans, narrow.leans) == ("reproduced", "refuted")  # eight encodings of one task are one value
    assert (wide.word, wide.more_seeds) == ("inconclusive", 5)
    (earlier,) = wide.claim.earlier
    (evidence,) = conditions(Store(tmp_path / "wide"))
    assert earlier.read is not None and earlier.read(evidence)["ratio"] == pytest.approx([10] * 8)


def test_ranks_take_thirteen_tasks(tmp_path: Path, records: ModuleType) -> None:
    names = ("none", "t5", "alibi", "rope", "sinusoidal")
    for task in ("offset-recall", "recall-mqar", "copy"):
        values = {name: {1: [1.0] * 3, 4: [1 - place / 10] * 3} for place, name in enumerate(names)}
        store = records.write_values(tmp_path, task, values)
    found = verdict("T17", store)
    assert (found.word, len(found.lacks)) == ("inconclusive", 4)
    read = registered()["KAZEMNEJAD-RANK"].evidence
    assert isinstance(read, Trained) and read.read(conditions(store)[0]) == {}


THIRTEEN = (
    "copy,copy-repeat,reverse,sort,bucket-sort,sum-mod-10,parity,majority,lego,induction,offset-recall,recall-mqar,"
    "first-recall"
).split(",")


@pytest.mark.parametrize(
    ("id", "best_first", "word"),
    [
        ("T17", "none,t5,alibi,rope,sinusoidal", "reproduced"),
        ("T17", "none,sinusoidal,rope,alibi,t5", "reproduced"),
        ("T17", "sinusoidal,rope,alibi,t5,none", "refuted"),
        ("T17", "t5,alibi,rope,none,sinusoidal", "refuted"),
        ("KAZEMNEJAD-RANK", "none,t5,alibi,rope,sinusoidal", "reproduced"),
        ("KAZEMNEJAD-RANK", "none,t5,alibi,sinusoidal,rope", "refuted"),
        ("KAZEMNEJAD-RANK", "sinusoidal,rope,alibi,t5,none", "refuted"),
    ],
)
def test_ranks_on_thirteen_tasks(
    id: str, best_first: str, word: str, tmp_path: Path, records: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    accuracy = dict(zip(best_first.split(","), (0.9, 0.7, 0.5, 0.3, 0.1), strict=True))
    for task in THIRTEEN:
        monkeypatch.setitem(records.TRAIN_LENGTH, task, 16)
        values = {name: {1: [1.0], 4: [share]} for name, share in accuracy.items()}
        store = records.write_values(tmp_path, task, values)
    assert verdict(id, store).word == word


Losses = dict[int, tuple[float, float]]  # by multiple of L: of the same targets, and in windows


def write_text(root: Path, records: ModuleType, losses: dict[str, Losses]) -> Store:
    """Models of the corpus with these losses."""
    store = Store(root)
    for encoding, by_multiple in losses.items():
        for seed in range(NINE):
            trained = records.train_record("corpus", encoding, seed)
            store.put(trained)
            for multiple, (targets, windows) in by_multiple.items():
                length = 64 * multiple
                arrays = records.outcome([[targets] * length], [[0] * length], [[1] * length])
                arrays |= {"windows_loss": np.array([windows]), "windows_count": np.array([1])}
                store.put(records.eval_record(trained, length), arrays)
    return store


@pytest.mark.parametrize(
    ("targets", "windows", "word"),
    [
        (5.005, 4.9, "reproduced"),
        (4.995, 4.9, "reproduced"),
        (4.9, 4.9, "refuted"),  # longer context lowers the loss
        (5.005, 5.1, "refuted"),  # windows gain nothing
        (5.1, 4.9, "inconclusive"),
    ],
)
def test_alibi_gains_by_fewer_early_tokens(
    targets: float, windows: float, word: str, tmp_path: Path, records: ModuleType
) -> None:
    store = write_text(tmp_path, records, {"alibi": {1: (5.0, 5.0), 4: (targets, windows)}})
    assert verdict("T3", store).word == word


@pytest.mark.parametrize(
    ("id", "multiple", "windows", "word"),
    [
        ("ALIBI-512", 1, {"t5": 3.0, "alibi": 3.01, "sinusoidal": 3.1, "rope": 3.11}, "reproduced"),
        ("ALIBI-512", 1, {"alibi": 3.0, "t5": 3.01, "rope": 3.1, "sinusoidal": 3.11}, "reproduced"),
        ("ALIBI-512", 1, {"sinusoidal": 3.0, "rope": 3.01, "t5": 3.1, "alibi": 3.11}, "refuted"),
        ("ALIBI-1012", 2, {"alibi": 2.9, "t5": 2.91, "rope": 3.1, "sinusoidal": 3.8}, "reproduced"),
        ("ALIBI-1012", 2, {"alibi": 2.9, "t5": 2.91, "sinusoidal": 3.1, "rope": 3.8}, "refuted"),
        ("ALIBI-1012", 2, {"sinusoidal": 2.9, "rope": 3.1, "t5": 3.8, "alibi": 3.81}, "refuted"),
        ("ALIBI-3512", 8, {"alibi": 2.9, "t5": 3.1, "rope": 3.6, "sinusoidal": 5.2}, "reproduced"),
        ("ALIBI-3512", 8, {"t5": 2.9, "alibi": 3.1, "rope": 3.6, "sinusoidal": 5.2}, "refuted"),
        ("ALIBI-3512", 8, {"sinusoidal": 2.9, "rope": 3.1, "t5": 3.6, "alibi": 5.2}, "refuted"),
    ],
)
def test_the_table_of_alibi_is_read_from_windows(
    id: str, multiple: int, windows: dict[str, float], word: str, tmp_path: Path, records: ModuleType
) -> None:
    """At the other lengths, and on the same targets, all encodings are alike."""
    losses = {name: {at: (5.0, own if at == multiple else 5.0) for at in (1, 2, 8)} for name, own in windows.items()}
    assert verdict(id, write_text(tmp_path, records, losses)).word == word


@pytest.mark.parametrize(
    ("near", "far", "word"),
    [(90, 8, "reproduced"), (90, 90, "refuted"), (60, 90, "refuted"), (90, 50, "inconclusive")],
)
def test_alibi_beyond_the_trained_length(near: int, far: int, word: str, tmp_path: Path, records: ModuleType) -> None:
    """Right answers of 100 at most L = 16 tokens back, and of 100 farther back; guessing gives 6.25."""
    store = Store(tmp_path)
    for seed in range(NINE):
        trained = records.train_record("recall-mqar", "alibi", seed)
        store.put(trained)
        evaluated = records.eval_record(trained, 64)
        (lags,) = evaluated.axes.values()
        is_near = np.array([last <= 16 for _, last in lags])
        by_lag = {
            "group_correct": np.where(is_near, near, far),
            "group_count": np.full(len(lags), 100),
            "group_rows": np.full(len(lags), 100),
        }
        store.put(evaluated, records.outcome([[1.0] * 64], [[1] * 64], [[1] * 64]) | by_lag)
    assert verdict("T4", store).word == word


def table(**published: float) -> Claim:
    return ordering(
        id="X",
        sentence="",
        source=registered()["T2"].source,
        published=published,
        lower_is_better=True,
        quantity="",
        compare=on_one_task("corpus", 4),
        needs=(),
        scale="",
        silent="",
    )


def test_a_table_asks_about_neighbours_that_do_not_tie() -> None:
    """19.65 and 19.73 tie, and so do 20.05 and 20.07: four pairs are left between the two groups."""
    asked = [each.name for each in table(sinusoidal=20.05, rope=20.07, t5=19.65, alibi=19.73).criteria]
    assert asked == [
        "t5 19.65, sinusoidal 20.05",
        "t5 19.65, rope 20.07",
        "alibi 19.73, sinusoidal 20.05",
        "alibi 19.73, rope 20.07",
    ]


def test_a_table_is_checked_line_by_line(tmp_path: Path, records: ModuleType) -> None:
    store = records.write_values(tmp_path, "corpus", losses(rope=0.2, alibi=0.0, t5=0.3))
    (found,) = judge([table(alibi=18.0, t5=19.0, rope=21.0)], {}, conditions(store))
    assert [finding.leans for finding in found.findings] == ["reproduced", "refuted"]
    assert found.findings[0].effect.value == pytest.approx(0.3)


def test_no_value_is_not_a_number(tmp_path: Path, records: ModuleType) -> None:
    """A seed that is unsupported at a length has no part in a difference."""
    values = {name: {1: [5.0] * 6, 2: [math.nan, *[5.3] * 5]} for name in ("sinusoidal", "none")}
    found = verdict("T1", records.write_values(tmp_path, "corpus", values))
    assert len(found.findings[0].values) == 5
