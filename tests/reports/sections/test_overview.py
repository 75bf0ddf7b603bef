"""What the sections over all tasks have in common."""

import re
from pathlib import Path

import pandas as pd
import pytest

from benchmark.reports.draw.style import palette
from benchmark.reports.page.overview import Overview
from benchmark.reports.page.page import Page, Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.table import Table
from benchmark.reports.sections import cost_quality, matrix, ranks, wins
from benchmark.reports.tables.timings import timing_table
from benchmark.reports.write.report import build
from benchmark.results.store import Store

ORDER = ["verdict", "summary", "curves", "matrix", "wins", "ranks", "tradeoffs", "paired"]


def section_of(page: Page, name: str) -> Section:
    return next(section for section in page.sections if section.id == name)


def rows_of(table: Table) -> dict[str, list[str]]:
    return {row[0].text: [" ".join([cell.text, *cell.details]) for cell in row[1:]] for row in table.rows}


def overview(*tables: pd.DataFrame) -> Overview:
    table = pd.concat(tables, ignore_index=True)
    keys = table["task"] + table["encoding"] + table["seed"].astype(str)
    return Overview(table=table.assign(train_key=keys, eval_key=keys), places=(1.0,), left_out=0)


def test_they_stand_after_the_curves_and_before_the_tests(page: Page) -> None:
    assert [section.id for section in page.sections][: len(ORDER)] == ORDER


def test_other_leagues_are_not_compared_and_that_is_said(tidy) -> None:
    both = overview(
        *(
            table
            for task in ("x", "y")
            for table in (
                tidy({"a": [0.1], "b": [0.3]}, task=task),
                tidy({"abacus": [0.9]}, task=task, league="reads digits"),
            )
        )
    )
    for section in (wins.section(both), ranks.section(both, palette("ab"))):
        assert any("abacus" in line for line in section.lines)
        assert "abacus" not in rows_of(section.exhibits[0].numbers)
    assert "abacus" in rows_of(matrix.section(both).exhibits[0].numbers)


def test_one_encoding_has_nobody_to_beat(tidy) -> None:
    alone = overview(tidy({"a": [0.1]}, task="x"), tidy({"a": [0.1]}, task="y"))
    assert wins.section(alone).exhibits == () and "nothing to compare" in wins.section(alone).lines[-1]
    section = ranks.section(alone, palette("a"))
    assert section.exhibits == () and "need at least two tasks" in section.lines[-1]
    assert len(matrix.section(alone).exhibits) == 1


def test_nothing_measured_says_so(records, tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(records.train_record("copy", "rope", 0, diverged=True))
    page = build(store)
    for name in ("matrix", "wins", "ranks", "tradeoffs"):
        section = section_of(page, name)
        assert section.exhibits == () and re.search("nothing (can be shown|to plot)", section.lines[0])


@pytest.mark.parametrize("section", ["matrix", "wins", "ranks", "tradeoffs"])
def test_the_same_records_give_the_same_pictures(example: Store, page: Page, section: str) -> None:
    selection = Selection.of(example)
    styles = palette(selection.encodings)
    again = {
        "matrix": lambda: matrix.section(Overview.of(selection)),
        "wins": lambda: wins.section(Overview.of(selection)),
        "ranks": lambda: ranks.section(Overview.of(selection), styles),
        "tradeoffs": lambda: cost_quality.section(selection, timing_table(example.files, []), styles),
    }[section]()
    assert [exhibit.picture for exhibit in again.exhibits] == [
        exhibit.picture for exhibit in section_of(page, section).exhibits
    ]
