"""The section against the reference: its tables, their order, and cases with nothing to compare."""

import re
from pathlib import Path

from benchmark.reports.page.page import Page
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.table import Table
from benchmark.reports.sections import against
from benchmark.reports.write.report import build
from benchmark.results.store import Store


def rows_of(table: Table) -> dict[str, list[str]]:
    return {row[0].text: [" ".join([cell.text, *cell.details]) for cell in row[1:]] for row in table.rows}


def test_the_table_has_difference_interval_seeds_and_verdict_at_both_lengths(nine: Store) -> None:
    copy, corpus = against.section(Selection.of(nine)).tables
    assert [group.title for group in copy.groups] == ["L = 16", "4L = 64", "how far"]
    rows = rows_of(copy)
    assert list(rows) == ["alibi", "none", "rope"]  # the best at 4 L first
    assert rows["rope"][:2] == ["—", "reference"]
    difference, verdict = rows["alibi"][2:4]
    assert re.fullmatch(r"\+0\.\d{3} \[\+0\.\d{3}, \+0\.\d{3}\]", difference)
    assert verdict == "does better on most seeds better on 9 of 9 seeds"
    assert list(rows_of(corpus))[0] == "alibi"  # its loss is the lowest at 4 L
    assert not copy.folded


def test_length_summaries_have_intervals_and_say_how_far_was_tested(nine: Store) -> None:
    copy, corpus = (rows_of(table) for table in against.section(Selection.of(nine)).tables)
    assert copy["rope"][-2] == "16 [16, 16]"
    assert re.fullmatch(r"0\.\d\d \[0\.\d\d, 0\.\d\d\]", copy["rope"][-1])
    assert corpus["alibi"][-2] == "≥ 256 [256, 256]"


def test_what_is_lost_or_not_learned_is_said(page: Page) -> None:
    section = next(section for section in page.sections if section.id == "paired")
    tables = {table.title: rows_of(table) for table in section.tables}
    assert tables["copy, L = 16"]["learned"][-1] == "—"  # no area past its end
    assert tables["copy, L = 16"]["learned"][3] == "ends at L"
    difference, verdict = tables["copy, L = 16"]["alibi"][2:4]
    assert re.fullmatch(r"[+-]0\.\d{3} [+-]0\.\d{3} to [+-]0\.\d{3}", difference)  # three seeds: no interval
    assert re.fullmatch(r"not decided (better|worse) on \d of \d seeds \d+ more seeds could show it", verdict)
    assert tables["copy, L = 16"]["alibi"][-1].endswith("2 of 3 seeds")  # one diverged
    assert tables["offset-recall, L = 32"]["learned"][-2] == "32"  # three seeds give a median no interval


def test_more_than_ten_encodings_are_folded_and_the_lead_counts_them(records, tmp_path: Path) -> None:
    names = ("rope", *(f"mine-{index}" for index in range(10)))
    settings = {"tasks": ("copy",), "multiples": (1, 2), "seeds": 2, "trouble": False}
    page = build(records.write_example(tmp_path, encodings=names, **settings))
    (table,) = next(section for section in page.sections if section.id == "paired").tables
    assert table.folded and len(table.rows) == 11
    assert page.lead.startswith("11 encodings on 1 task")
    lines = next(section for section in page.sections if section.id == "curves").lines
    assert "more than 10 encodings" in lines[-1]
