"""Cost against quality: which cost is used, and with which intervals."""

import re
from pathlib import Path

from benchmark.reports.draw.style import palette
from benchmark.reports.page.page import Page, Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.table import Table
from benchmark.reports.sections import cost_quality
from benchmark.reports.tables.timings import timing_table
from benchmark.results.files import Folder
from benchmark.results.store import Store


def section_of(page: Page, name: str) -> Section:
    return next(section for section in page.sections if section.id == name)


def rows_of(table: Table) -> dict[str, list[str]]:
    return {row[0].text: [" ".join([cell.text, *cell.details]) for cell in row[1:]] for row in table.rows}


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
    assert "no value or no cost there: learned" in copy.caption


def test_ratios_of_the_suite_are_taken_where_it_has_all(records, tmp_path: Path) -> None:
    settings = {"tasks": ("copy",), "multiples": (1, 8), "seeds": 2, "trouble": False}
    store = records.write_example(tmp_path, encodings=("rope", "alibi"), **settings)
    records.write_timings(tmp_path / "timing")
    selection = Selection.of(store)
    timings = timing_table(Folder(tmp_path), [])
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
    none = timing_table(Folder(tmp_path), [])
    section = cost_quality.section(selection, none, palette(selection.encodings))
    assert not any("GPU" in line for line in section.lines)  # nothing to excuse
    assert section.exhibits[0].numbers.columns[4:] == ("MiB", "on the front")
    assert rows_of(section.exhibits[0].numbers)["rope"][3] == "3"
