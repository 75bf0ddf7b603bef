"""Verdicts follow from values: planted ones flip them, and the number of claims judged together counts."""

import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from benchmark.claims.claim import Bound, Claim, Criterion, Earlier, Exact, NotMeasurable, OutOfScale, Source, Trained
from benchmark.claims.evidence import Evidence, conditions, rise
from benchmark.claims.judging import INSIDE, OUTSIDE, Judgement, judge
from benchmark.claims.registry import registered
from benchmark.errors import UsageError
from benchmark.experiments.request import Request
from benchmark.reports.stats.verdict import Duel

RISE = Criterion(name="rise", quantity="a rise", reproduced=Bound(below=0.02), refuted=Bound(above=0.1))
SOURCE = Source(paper="A paper", place="section 1", url="https://example.org")
NEEDS = (Request(encodings="rope", tasks="copy"),)


def claim(id: str = "X1", evidence: object = None, criteria: Sequence[Criterion] = (RISE,)) -> Claim:
    own = evidence or Trained(needs=NEEDS, read=lambda _: {})
    return Claim(
        id=id, sentence="It rises.", source=SOURCE, criteria=tuple(criteria), evidence=own, scale="", silent=""
    )


def of_values(values: Sequence[float], id: str = "X1") -> Claim:
    return claim(id, Trained(needs=NEEDS, read=lambda _: {"rise": values}))


def verdicts(*claims: Claim) -> list[Judgement]:
    return judge(claims, {}, [Evidence(selection=None, views={})])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ([0.3] * 6, "refuted"),
        ([0.3] * 5, "inconclusive"),  # one seed short of what shows a clean sweep of two
        ([0.01] * 6, "reproduced"),
        ([0.05] * 60, "inconclusive"),  # between the thresholds, however many seeds
        ([0.3] * 9 + [0.05], "refuted"),
        ([0.3, 0.05] * 10, "inconclusive"),
        ([], "inconclusive"),
    ],
)
def test_a_verdict_follows_from_the_values(values: list[float], word: str) -> None:
    assert verdicts(of_values(values))[0].word == word


def test_more_claims_take_more_seeds() -> None:
    """Six seeds refute one claim; with another claim that is not decided, they are one seed short."""
    alone, other = of_values([0.3] * 6), of_values([0.05] * 6, "X2")
    assert [each.word for each in verdicts(alone, other)] == ["inconclusive", "inconclusive"]
    assert verdicts(alone, other)[0].more_seeds == 1
    longer = of_values([0.3] * 7)
    assert [each.word for each in verdicts(longer, other)] == ["refuted", "inconclusive"]


def test_what_is_shown_leaves_more_for_the_rest() -> None:
    """Holm: after the strongest claim, the next is judged among one fewer."""
    strong, weak = of_values([0.3] * 7), of_values([0.3] * 6, "X2")
    assert [each.word for each in verdicts(strong, weak)] == ["refuted", "refuted"]
    assert [each.comparisons for each in verdicts(weak, strong)] == [1, 2]


def test_claims_without_evidence_do_not_count() -> None:
    silent = [of_values([], f"Y{number}") for number in range(50)]
    assert verdicts(of_values([0.3] * 6), *silent)[0].word == "refuted"


def test_claims_that_are_false_by_chance_are_rarely_called_anything() -> None:
    """Ten claims whose values fall on either side of a bound at random, 100 times: at most 5 % of ledgers err."""
    rng, wrong = random.Random(7), 0
    for _ in range(100):
        coins = [[rng.choice((0.3, 0.05)) for _ in range(12)] for _ in range(10)]
        found = verdicts(*(of_values(values, f"X{number}") for number, values in enumerate(coins)))
        wrong += any(each.word != "inconclusive" for each in found)
    assert wrong <= 9  # the 95 % quantile of Binomial(100, .05)


def test_all_criteria_must_hold_and_any_may_fail() -> None:
    two = (RISE, replace(RISE, name="other"))
    both = Trained(needs=NEEDS, read=lambda _: {"rise": [0.0] * 6, "other": [0.0] * 6})
    half = Trained(needs=NEEDS, read=lambda _: {"rise": [0.0] * 6})
    fails = Trained(needs=NEEDS, read=lambda _: {"rise": [0.0] * 7, "other": [0.3] * 7})
    words = [verdicts(claim("X1", evidence, two))[0].word for evidence in (both, half, fails)]
    assert words == ["reproduced", "inconclusive", "refuted"]
    assert [each.name for each in verdicts(claim("X1", half, two))[0].lacks] == ["other"]


def test_exact_values_are_compared_as_they_are() -> None:
    exact = claim(evidence=Exact(measure=lambda: {}, encodings=()))
    for value, word in ((0.0, "reproduced"), (0.05, "inconclusive"), (0.2, "refuted")):
        assert judge([exact], {"X1": {"rise": value}}, [])[0].word == word
    assert judge([exact], {}, [])[0].word == "inconclusive"


def test_what_cannot_be_measured_says_why() -> None:
    def read(_: Evidence) -> dict[str, list[float]]:
        raise NotMeasurable("No model learned the task.")

    found = verdicts(claim("X1", Trained(needs=NEEDS, read=read)), claim("X2", OutOfScale(why="It takes 7B.")))
    assert [(each.word, each.reason) for each in found] == [
        ("not measurable", "No model learned the task."),
        ("not measurable", "It takes 7B."),
    ]


def test_a_setting_that_shows_the_opposite_takes_the_verdict_back(tmp_path: Path, records: ModuleType) -> None:
    read = Trained(needs=NEEDS, read=lambda evidence: {"rise": rise(evidence, "corpus", "rope", 4)})

    def planted(name: str, *rises: float) -> Judgement:
        store = None
        for width, by in zip((64, 32), rises, strict=False):
            values = {"rope": {1: [5.0] * 8, 4: [5.0 + by] * 8}, "alibi": {1: [5.0] * 8, 4: [5.0] * 8}}
            store = records.write_values(tmp_path / name, "corpus", values, width=width, minutes=64 - width)
        return judge([claim("X1", read)], {}, conditions(store))[0]

    assert planted("one", 0.3).word == "refuted"
    alike = planted("alike", 0.3, 0.2)
    assert (alike.word, [each.word for each in alike.elsewhere]) == ("refuted", ["refuted"])
    opposite = planted("opposite", 0.3, 0.0)
    assert (opposite.word, opposite.contradicted) == ("inconclusive", True)


def test_a_changed_threshold_needs_its_old_criteria() -> None:
    old = Earlier(version=1, criteria=(RISE,), why="it was too strict")
    replace(claim(), version=2, earlier=(old,))
    with pytest.raises(UsageError, match="`earlier` must hold versions 1 to 1 in order"):
        replace(claim(), version=2)
    with pytest.raises(UsageError, match="distinct names"):
        replace(claim(), criteria=(RISE, RISE))


@pytest.mark.parametrize(
    ("far", "word"), [(5.3, "refuted"), (5.0, "reproduced"), (5.05, "inconclusive")], ids=lambda value: str(value)
)
def test_planted_records_flip_t1(far: float, word: str, tmp_path: Path, records: ModuleType) -> None:
    values = {"sinusoidal": {1: [5.0] * 8, 2: [far] * 8}, "none": {1: [5.2] * 8, 2: [5.2] * 8}}
    store = records.write_values(tmp_path, "corpus", values)
    assert judge([registered()["T1"]], {}, conditions(store))[0].word == word


@pytest.mark.parametrize("id", ["../evil", "", "a b", "T5/x"])
def test_an_id_is_no_path(id: str) -> None:
    with pytest.raises(UsageError, match="its id must be letters"):
        claim(id)


def test_bounds_that_overlap_are_refused() -> None:
    both = Criterion(name="rise", quantity="a rise", reproduced=Bound(above=0.0), refuted=Bound(above=0.5))
    with pytest.raises(UsageError, match=r"could both reproduce and refute it: > 0, and > 0\.5"):
        claim(criteria=[both])


def test_a_read_that_fails_is_one_line() -> None:
    def fails(evidence: Evidence) -> dict[str, list[float]]:
        raise KeyError("nothing")

    with pytest.raises(UsageError, match="claim X1: reading its records failed: KeyError: 'nothing'"):
        verdicts(claim(evidence=Trained(needs=NEEDS, read=fails)))


def test_a_misspelt_criterion_is_refused() -> None:
    with pytest.raises(UsageError, match=r"its `read` gave \['rize'\], but its criteria are \['rise'\]"):
        verdicts(claim(evidence=Trained(needs=NEEDS, read=lambda _: {"rize": [0.3]})))


def test_another_condition_that_cannot_tell_leaves_the_main_one_alone() -> None:
    main, other = (Evidence(selection=None, views={}, differs=name) for name in ("", "corpus"))  # type: ignore[arg-type]

    def read(evidence: Evidence) -> dict[str, list[float]]:
        assert "corpus" not in evidence.views  # looked up, so that the other condition is read too
        if evidence.differs:
            raise NotMeasurable("too small")
        return {"rise": [0.3] * 6}

    asked = claim(evidence=Trained(needs=NEEDS, read=read))
    assert judge([asked], {}, [main, other])[0].word == "refuted"
    assert judge([asked], {}, [other, main])[0].word == "not measurable"


def test_a_condition_that_differs_in_another_task_is_not_read() -> None:
    main, *others = (Evidence(selection=None, views={}, differs=name) for name in ("", "copy", "corpus"))  # type: ignore[arg-type]
    read: list[str] = []

    def note(evidence: Evidence) -> dict[str, list[float]]:
        read.append(evidence.differs)
        assert "corpus" not in evidence.views
        return {"rise": [0.3] * 6}

    judge([claim(evidence=Trained(needs=NEEDS, read=note))], {}, [main, *others])
    assert read == ["", "corpus"]


def test_what_is_shown_is_shown_among_fewer_too() -> None:
    """One loss and then thirteen wins: shown among 13 comparisons, by where losses are allowed, but not among 12."""
    (found,) = verdicts(of_values([0.05] + [0.3] * 13))
    (finding,) = found.findings
    strength = finding.strength("refuted")
    assert 0 < strength < 12
    values = tuple(1.0 if finding.bound("refuted").holds(value) else -1.0 for value in finding.values)
    shown = [Duel(first=INSIDE, second=OUTSIDE, differences=values, pairs=n).winner == INSIDE for n in range(1, 16)]
    assert shown[:strength] == [True] * strength and not shown[strength]
