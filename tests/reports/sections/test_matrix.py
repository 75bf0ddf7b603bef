"""The skill of all encodings on all tasks."""

import re

from benchmark.reports.page.page import Page, Section
from benchmark.reports.page.table import Table


def section_of(page: Page, name: str) -> Section:
    return next(section for section in page.sections if section.id == name)


def rows_of(table: Table) -> dict[str, list[str]]:
    return {row[0].text: [" ".join([cell.text, *cell.details]) for cell in row[1:]] for row in table.rows}


def test_the_matrix_has_skill_with_its_interval_at_both_places(page: Page) -> None:
    (exhibit,) = section_of(page, "matrix").exhibits
    assert exhibit.title == "Skill at L and 8 L"
    assert [(group.title, group.span) for group in exhibit.numbers.groups] == [("at L", 4), ("at 8 L", 4)]
    rows = rows_of(exhibit.numbers)
    assert re.fullmatch(r"0\.\d\d \[0\.\d\d, (0\.\d\d|1\.00)\]", rows["rope"][1])
    assert rows["learned"][4:] == ["—"] * 4
    assert "Tasks: 4. Encodings: 3; lacking a value somewhere: 1." in exhibit.caption
