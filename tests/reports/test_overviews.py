"""What the sections over all tasks say, of a whole grid, an incomplete one, and of nothing."""

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

NAN = float("nan")
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


def test_the_matrix_has_skill_with_its_interval_at_both_places(page: Page) -> None:
    (exhibit,) = section_of(page, "matrix").exhibits
    assert exhibit.title == "Skill at L and 8 L"
    assert [(group.title, group.span) for group in exhibit.numbers.groups] == [("at L", 4), ("at 8 L", 4)]
    rows = rows_of(exhibit.numbers)
    assert re.fullmatch(r"0\.\d\d \[0\.\d\d, (0\.\d\d|1\.00)\]", rows["rope"][1])
    assert rows["learned"][4:] == ["—"] * 4
    assert "Tasks: 4. Encodings: 3; without a value somewhere: 1." in exhibit.caption


def test_wins_are_at_8_l_first_and_say_who_is_left_out(page: Page) -> None:
    far, near = section_of(page, "wins").exhibits
    assert (far.id, far.folded, near.id, near.folded) == ("wins-8", False, "wins-1", True)
    assert "Tasks: 4. Paired seeds: 3. Pairs of encodings: 1." in far.caption
    assert far.caption.endswith("left out: learned.")
    rows = rows_of(far.numbers)
    assert list(rows) == ["alibi", "rope"] or list(rows) == ["rope", "alibi"]
    assert re.fullmatch(r"\d\.\d\d \[\d\.\d\d, \d\.\d\d\]", next(cell for cell in rows["rope"] if cell != "—"))


def test_an_incomplete_grid_is_said_to_be(tidy) -> None:
    whole = {"a": [0.1, 0.2], "b": [0.3, 0.4]}
    lacking = overview(
        tidy({**whole, "c": [0.5, 0.6]}, task="x"), tidy({**whole, "c": [NAN, NAN]}, task="y"), tidy(whole, task="z")
    )
    (exhibit,) = wins.section(lacking).exhibits
    assert "2 pairs (striped) are over fewer tasks" in exhibit.caption and "lack a task: c." in exhibit.caption
    assert "0.00 [0.00, 0.00] 1 of 3 tasks" in rows_of(exhibit.numbers)["a"]
    (ranked,) = ranks.section(lacking, palette("abc")).exhibits
    assert "Without a rank, because they lack a task: c." in ranked.caption
    assert list(rows_of(ranked.numbers)) == ["b", "a"]


def test_one_task_or_one_seed_has_no_dots(tidy) -> None:
    (exhibit,) = wins.section(overview(tidy({"a": [0.1, 0.2], "b": [0.3, 0.4]}))).exhibits
    assert "No pair has a dot" in exhibit.caption
    single = overview(tidy({"a": [0.1], "b": [0.3]}, task="x"), tidy({"a": [0.1], "b": [0.3]}, task="y"))
    (exhibit,) = wins.section(single).exhibits
    assert "No pair has a dot" in exhibit.caption


def agreeing(tidy, tasks: int, encodings: int = 5) -> Overview:
    """Tasks that put all encodings in the same order."""
    values = {f"e{place}": [place / 10, place / 10] for place in range(encodings)}
    return overview(*(tidy(values, task=f"task{index}") for index in range(tasks)))


def test_few_tasks_are_said_to_tell_nothing(tidy) -> None:
    (exhibit,) = ranks.section(agreeing(tidy, 2), palette([f"e{n}" for n in range(5)])).exhibits
    assert "not shown to differ at all" in exhibit.caption and "0 of 10 pairs" in exhibit.caption
    assert "not even a first in every task" in exhibit.caption and "takes 3 tasks" in exhibit.caption
    (exhibit,) = ranks.section(agreeing(tidy, 4), palette([f"e{n}" for n in range(5)])).exhibits
    assert "tells almost nothing" in exhibit.caption
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
    assert wins.section(alone).exhibits == () and "nobody to beat" in wins.section(alone).lines[-1]
    section = ranks.section(alone, palette("a"))
    assert section.exhibits == () and "need two tasks" in section.lines[-1]
    assert len(matrix.section(alone).exhibits) == 1


def test_nothing_measured_says_so(records, tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.put(records.train_record("copy", "rope", 0, diverged=True))
    page = build(store)
    for name in ("matrix", "wins", "ranks", "tradeoffs"):
        section = section_of(page, name)
        assert section.exhibits == () and re.search("nothing can be (shown|set)", section.lines[0])


def test_costs_stand_against_values_with_intervals_in_both_directions(page: Page) -> None:
    section = section_of(page, "tradeoffs")
    assert len(section.exhibits) == 4
    assert "--device cuda" in section.lines[-1]
    copy = next(exhibit for exhibit in section.exhibits if "copy" in exhibit.id)
    # The suite timed rope and alibi, and not learned: seconds of training instead.
    assert copy.numbers.columns == ("encoding", "value", "seconds per 1,000 tokens", "on the front")
    rows = rows_of(copy.numbers)
    assert list(rows) == ["alibi", "rope"]
    assert all(re.fullmatch(r"\d\.\d\d\d \[\d\.\d\d\d, \d\.\d\d\d\]", row[1]) for row in rows.values())
    assert rows["alibi"][2] == "yes"
    assert "left out: learned" in copy.caption


def test_ratios_of_the_suite_are_taken_where_it_has_all(records, tmp_path: Path) -> None:
    settings = {"tasks": ("copy",), "multiples": (1, 8), "seeds": 2, "trouble": False}
    store = records.write_example(tmp_path, encodings=("rope", "alibi"), **settings)
    records.write_timings(tmp_path / "timing")
    selection = Selection.of(store)
    timings = timing_table(tmp_path / "timing", [])
    section = cost_quality.section(selection, timings, palette(selection.encodings))
    assert section.exhibits[0].numbers.columns[2] == "ratio to none"
    assert "ratio to none at 64 tokens on" in section.exhibits[0].caption


def test_memory_of_a_gpu_is_a_second_panel(records, tmp_path: Path) -> None:
    store = Store(tmp_path)
    for encoding, size in (("rope", 3), ("alibi", 5)):
        trained = records.train_record("copy", encoding, 0)
        gpu = trained.environment.model_copy(update={"device": "NVIDIA H100"})
        trained = trained.model_copy(update={"peak_memory_bytes": size * 2**20, "environment": gpu})
        store.put(trained)
        store.put(records.eval_record(trained, 128), records.synthetic_arrays("copy", encoding, 0, 128))
    selection = Selection.of(store)
    none = timing_table(tmp_path / "timing", [])
    section = cost_quality.section(selection, none, palette(selection.encodings))
    assert len(section.lines) == 1  # nothing to excuse
    assert section.exhibits[0].numbers.columns[4:] == ("MiB", "on the front")
    assert rows_of(section.exhibits[0].numbers)["rope"][3] == "3"


@pytest.mark.parametrize("section", ["matrix", "wins", "ranks", "tradeoffs"])
def test_the_same_records_give_the_same_pictures(example: Store, page: Page, section: str) -> None:
    selection = Selection.of(example)
    styles = palette(selection.encodings)
    again = {
        "matrix": lambda: matrix.section(Overview.of(selection)),
        "wins": lambda: wins.section(Overview.of(selection)),
        "ranks": lambda: ranks.section(Overview.of(selection), styles),
        "tradeoffs": lambda: cost_quality.section(selection, timing_table(example.root / "timing", []), styles),
    }[section]()
    assert [exhibit.picture for exhibit in again.exhibits] == [
        exhibit.picture for exhibit in section_of(page, section).exhibits
    ]
