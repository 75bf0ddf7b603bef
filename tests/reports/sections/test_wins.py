"""Who beats whom: on a whole grid, on an incomplete one, and with too little to compare."""

import re

import pandas as pd

from benchmark.reports.draw.style import palette
from benchmark.reports.page.overview import Overview
from benchmark.reports.page.page import Page, Section
from benchmark.reports.page.table import Table
from benchmark.reports.sections import ranks, wins

NAN = float("nan")


def section_of(page: Page, name: str) -> Section:
    return next(section for section in page.sections if section.id == name)


def rows_of(table: Table) -> dict[str, list[str]]:
    return {row[0].text: [" ".join([cell.text, *cell.details]) for cell in row[1:]] for row in table.rows}


def overview(*tables: pd.DataFrame) -> Overview:
    table = pd.concat(tables, ignore_index=True)
    keys = table["task"] + table["encoding"] + table["seed"].astype(str)
    return Overview(table=table.assign(train_key=keys, eval_key=keys), places=(1.0,), left_out=0)


def test_wins_are_at_8_l_first_and_say_who_is_left_out(page: Page) -> None:
    far, near = section_of(page, "wins").exhibits
    assert (far.id, far.folded, near.id, near.folded) == ("wins-8", False, "wins-1", True)
    assert "Tasks: 4. Paired seeds: 3. Pairs of encodings: 1." in far.caption
    assert far.caption.endswith("Left out, because they have no value here: learned.")
    rows = rows_of(far.numbers)
    assert list(rows) == ["alibi", "rope"] or list(rows) == ["rope", "alibi"]
    assert re.fullmatch(r"\d\.\d\d \d+ of 1[12]", next(cell for cell in rows["rope"] if cell != "—"))


def test_an_incomplete_grid_is_said_to_be(tidy) -> None:
    whole = {"a": [0.1, 0.2], "b": [0.3, 0.4]}
    lacking = overview(
        tidy({**whole, "c": [0.5, 0.6]}, task="x"), tidy({**whole, "c": [NAN, NAN]}, task="y"), tidy(whole, task="z")
    )
    (exhibit,) = wins.section(lacking).exhibits
    assert "2 pairs (striped) are based on fewer tasks" in exhibit.caption and "lack a task: c." in exhibit.caption
    assert "0.00 0 of 2 1 of 3 tasks" in rows_of(exhibit.numbers)["a"]
    (ranked,) = ranks.section(lacking, palette("abc")).exhibits
    assert "Not ranked, because they lack a task: c." in ranked.caption
    assert list(rows_of(ranked.numbers)) == ["b", "a"]


def test_few_seeds_have_no_dots_and_the_caption_says_what_it_takes(tidy) -> None:
    (exhibit,) = wins.section(overview(tidy({"a": [0.1, 0.2], "b": [0.3, 0.4]}))).exhibits
    assert "No pair has a dot: among 2 encodings, that takes at least 6 common seeds" in exhibit.caption
    values = {"a": [0.1, 0.2, 0.3], "b": [0.3, 0.4, 0.5]}
    (exhibit,) = wins.section(overview(tidy(values, task="x"), tidy(values, task="y"))).exhibits
    assert "Dots: for 1 pairs" in exhibit.caption
    single = overview(tidy({"a": [0.1], "b": [0.3]}, task="x"), tidy({"a": [0.1], "b": [0.3]}, task="y"))
    (exhibit,) = wins.section(single).exhibits
    assert "No pair has a dot" in exhibit.caption
