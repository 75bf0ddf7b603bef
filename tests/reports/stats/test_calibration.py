"""The words and intervals of a report are wrong no more often than docs/statistics.md says."""

import math

import calibration
import numpy as np
import pytest
from calibration import GUIDE, SHAPES, Bound, Figure, Row, Size, Table, calibrate, judged

from benchmark.reports.stats.verdict import Verdict, Who

ERRORS = 4.5  # standard errors that one of some hundred figures may be off


@pytest.fixture(scope="module")
def small() -> list[Table]:
    return calibrate(seed=2, size=Size(small=1000, large=100))


def parsed(text: str) -> dict[tuple[str, str, str], str]:
    """The cells of the guide's tables by caption, label and column; "the same" is the same as the row before."""
    found, caption, head, before = {}, "", None, ""
    for line in text.splitlines():
        if line.startswith("**"):
            caption, head = line.strip("*").partition(" (")[0], None
        elif line.startswith("|"):
            label, *cells = [each.strip() for each in line.strip("|").split("|")]
            if head is None:
                head = cells
            elif not label.startswith("---"):
                label = f"{before}: {label}" if label.startswith("the same") else label
                before = label if not label.startswith("the same") else before
                found |= {(caption, label, column): each for column, each in zip(head, cells, strict=True)}
    return found


def test_the_fast_rule_is_the_rule_of_a_report() -> None:
    generator = np.random.default_rng(0)
    for encodings, columns in ((2, 150), (5, 60), (8, 20)):
        values = SHAPES["bimodal, p = .8"][0](generator, (columns, encodings, 15)).round(2)  # with ties
        values[: columns // 2, 0] += 0.5
        own = judged(values)
        for seeds in (5, 6, 9, 10, 15):
            told, best = own.told_apart(np.full(columns, seeds)), own.best(np.full(columns, seeds))
            for index, column in enumerate(values):
                verdict = Verdict.of({Who("", f"{row}"): each[:seeds] for row, each in enumerate(column)})
                assert told[index] == any(duel.winner is not None for duel in verdict.duels.values())
                crowned = [int(name.encoding) for name in verdict.means if verdict.mark(name) == "best"]
                assert crowned == ([best[index]] if best[index] >= 0 else [])


def test_auto_stops_when_every_pair_is_decided_or_at_the_cap() -> None:
    generator = np.random.default_rng(1)
    own = judged(generator.normal(size=(40, 3, 15)) + 1.5 * np.arange(3)[:, None])
    for index, column in enumerate(own.values):
        for seeds in range(1, 16):
            names = {Who("", f"{row}"): each[:seeds] for row, each in enumerate(column)}
            if all(duel.winner is not None for duel in Verdict.of(names).duels.values()):
                break
        assert min(own.at[index].max(), 15) == seeds


def test_the_true_medians_are_those_of_many_draws() -> None:
    generator = np.random.default_rng(0)
    for draw, median in SHAPES.values():
        assert np.mean(draw(generator, (400_000,)) < median) == pytest.approx(0.5, abs=0.004)


def test_every_bound_holds_in_a_small_simulation(small: list[Table]) -> None:
    rows = [row for table in small for row in table.rows if row.bound]
    assert len(rows) > 30
    assert not [row for row in rows if not row.bound.holds(row, ERRORS)]


def test_what_stands_there_for_comparison_would_not_hold(small: list[Table]) -> None:
    others = [row for table in small if table.caption.startswith("Coverage") for row in table.rows if not row.bound]
    assert [row.label for row in others if Bound(least=0.9).holds(row, ERRORS)] == [
        "t interval of the mean, normal (for comparison)",
        "t interval of the mean, t with 2 df (for comparison)",
    ]


def test_a_bound_can_be_missed() -> None:
    row = Row("", (*[Figure(0.04, 0.002)] * 6, Figure(0.06, 0.002)))
    assert not Bound(most=0.05).holds(row, ERRORS) and Bound(most=0.05).holds(row, 5.5)
    assert Bound(most=0.05, columns=("3", "10")).holds(row)


def test_the_guide_has_the_tables_of_the_script(small: list[Table]) -> None:
    """Labels, columns and bounds; the figures are those of `test_the_guide_is_reproduced`."""
    text = GUIDE.read_text(encoding="utf-8")
    guide, own = parsed(calibration.block(text)), parsed(calibration.written(small))
    assert list(guide) == list(own)
    assert {key: said for key, said in guide.items() if key[2] == "must hold"} == {
        key: said for key, said in own.items() if key[2] == "must hold"
    }


@pytest.mark.slow
def test_the_guide_is_reproduced() -> None:
    """Other draws give the figures of the guide within simulation error, and every bound holds."""
    tables = calibrate(seed=1)
    guide = parsed(calibration.block(GUIDE.read_text(encoding="utf-8")))
    assert all(f"**{table.caption}**" in GUIDE.read_text(encoding="utf-8") for table in tables)
    assert list(guide) == list(parsed(calibration.written(tables)))
    figures = [figure for table in tables for row in table.rows for figure in row.figures]
    cells = [(key, said) for key, said in guide.items() if key[2] != "must hold"]
    for (key, said), figure in zip(cells, figures, strict=True):
        if figure is None:
            assert said == "–"
        else:
            rounding = 0.6 * 10.0 ** -len(said.partition(".")[2])
            assert float(said) == pytest.approx(figure.value, abs=ERRORS * math.sqrt(2) * figure.error + rounding), key
    assert all(row.bound.holds(row, ERRORS) for table in tables for row in table.rows if row.bound)
