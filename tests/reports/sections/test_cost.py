"""The section on cost: parameters, speed and timings."""

import re


def test_cost_has_parameters_speed_and_timings(page):
    section = next(section for section in page.sections if section.id == "cost")
    cost, timing = section.tables
    learned = next(row for row in cost.rows if row[0].text == "learned")
    assert [cell.text for cell in learned[1:3]] == ["363,008", "1,024"]
    assert re.fullmatch(r"\[[\d,]+, [\d,]+\]", learned[3].details[0])
    assert [group.title for group in timing.groups] == ["decode", "forward", "training step"]
