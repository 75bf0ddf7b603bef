"""Mean ranks: what few tasks cannot show, and what many can."""

import pandas as pd

from benchmark.reports.draw.style import palette
from benchmark.reports.page.overview import Overview
from benchmark.reports.page.table import Table
from benchmark.reports.sections import ranks


def rows_of(table: Table) -> dict[str, list[str]]:
    return {row[0].text: [" ".join([cell.text, *cell.details]) for cell in row[1:]] for row in table.rows}


def overview(*tables: pd.DataFrame) -> Overview:
    table = pd.concat(tables, ignore_index=True)
    keys = table["task"] + table["encoding"] + table["seed"].astype(str)
    return Overview(table=table.assign(train_key=keys, eval_key=keys), places=(1.0,), left_out=0)


def agreeing(tidy, tasks: int, encodings: int = 5) -> Overview:
    """Tasks that put all encodings in the same order."""
    values = {f"e{place}": [place / 10, place / 10] for place in range(encodings)}
    return overview(*(tidy(values, task=f"task{index}") for index in range(tasks)))


def test_few_tasks_are_said_to_tell_nothing(tidy) -> None:
    (exhibit,) = ranks.section(agreeing(tidy, 2), palette([f"e{n}" for n in range(5)])).exhibits
    assert "not shown to differ at all" in exhibit.caption and "0 of 10 pairs" in exhibit.caption
    assert "not even one that is first on every task" in exhibit.caption and "takes 3 tasks" in exhibit.caption
    (exhibit,) = ranks.section(agreeing(tidy, 4), palette([f"e{n}" for n in range(5)])).exhibits
    assert "shows almost nothing" in exhibit.caption
    assert "CD = 3.05" in exhibit.caption  # 2.728 * sqrt(5 * 6 / 24)
    assert "1 of 10 pairs" in exhibit.caption


def test_many_tasks_that_agree_tell_much(tidy) -> None:
    (exhibit,) = ranks.section(agreeing(tidy, 23), palette([f"e{n}" for n in range(5)])).exhibits
    assert "the ranks differ" in exhibit.caption and "almost nothing" not in exhibit.caption
    assert "CD = 1.27" in exhibit.caption and "6 of 10 pairs" in exhibit.caption
    assert rows_of(exhibit.numbers)["e4"][:3] == ["1.00", "1.00", "1"]


def test_variants_of_a_task_are_said_to_count_as_several(tidy) -> None:
    values = {"a": [0.1], "b": [0.3]}
    lines = ranks.section(
        overview(*(tidy(values, task=f"offset-recall:back={back}") for back in (1, 5))), palette("ab")
    ).lines
    assert any("2 of these tasks are variants of offset-recall" in line for line in lines)
