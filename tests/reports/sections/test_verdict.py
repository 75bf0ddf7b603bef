"""The opening of a page: sentences, the figure, and what is left out."""

from pathlib import Path

from benchmark.reports.draw.style import palette
from benchmark.reports.page.findings import findings
from benchmark.reports.page.page import Page, Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.sections import verdict
from benchmark.results.store import Store


def section_of(store: Store) -> Section:
    selection = Selection.of(store)
    return verdict.section(selection, palette(selection.encodings))


def test_it_is_the_first_section_and_carries_the_findings_and_one_figure(page: Page, example: Store) -> None:
    first = page.sections[0]
    assert first.id == "verdict" and first.terms == findings(Selection.of(example))
    assert [exhibit.id for exhibit in first.exhibits] == ["bottom-line"]


def test_the_figure_has_every_seed_at_the_longest_length(page: Page, example: Store) -> None:
    (exhibit,) = page.sections[0].exhibits
    rows = Selection.of(example).shown
    longest = rows[rows["headline"] & (rows["multiple"] == 16) & rows["value"].notna()]
    assert exhibit.data is not None and len(exhibit.data.rows) == len(longest)
    column = exhibit.data.columns.index("encoding")
    assert {row[column] for row in exhibit.data.rows} == {"rope", "alibi"}  # learned ends at L
    assert "Copying · copy, 16 L: token accuracy: alibi 0.1" in exhibit.alt
    assert "single seeds (3 per encoding) at 16 L" in exhibit.caption


def test_of_many_encodings_the_first_five_have_a_row_each(records, tmp_path: Path) -> None:
    values = {f"mine-{index}": {1: [0.9 - 0.1 * index] * 3} for index in range(8)}
    (exhibit,) = section_of(records.write_values(tmp_path, "copy", values)).exhibits
    assert "mine-4 0.50." in exhibit.alt and "mine-5" not in exhibit.alt
    assert exhibit.caption.endswith("Encodings beyond the first 5 share a row.")
    assert exhibit.data is not None and len(exhibit.data.rows) == 8 * 3


def test_nothing_measured_says_so(records, tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(records.train_record("copy", "rope", 0, diverged=True))
    section = section_of(store)
    assert section.lines == ("Nothing was measured, so nothing can be said.",) and not section.exhibits


def test_encodings_of_another_league_are_left_out_and_that_is_said(records, tmp_path: Path) -> None:
    settings = {"tasks": ("copy",), "multiples": (1,), "seeds": 2, "trouble": False}
    section = section_of(records.write_example(tmp_path, encodings=("abacus", "alibi", "rope"), **settings))
    assert "told more than positions" in section.lines[-1] and section.lines[-1].endswith(": abacus.")
    assert "abacus" not in section.terms[0][1] + section.exhibits[0].alt
