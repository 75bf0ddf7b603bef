"""What failed or is missing is listed with its reason."""

from pathlib import Path

from benchmark.reports.page.selection import Selection
from benchmark.reports.sections import troubles
from benchmark.reports.tables.timings import timing_table
from benchmark.results.files import Folder
from benchmark.results.store import Store


def write_small(records, root: Path, **settings) -> Store:
    """Records that make a report quickly: one task beside the corpus, two lengths."""
    return records.write_example(root, **{"tasks": ("copy",), "multiples": (1, 4), "seeds": 2, **settings})


def test_troubles_are_listed_with_their_reasons(page):
    section = next(section for section in page.sections if section.id == "troubles")
    text = " ".join(cell.text for table in section.tables for row in table.rows for cell in row)
    for reason in ("the training loss was nan at step 217 of 600", "out of memory", "the table ends at", "unsupported"):
        assert reason in text
    assert any(table.caption.startswith("Missing") for table in section.tables)


def test_unreadable_files_are_named(records, tmp_path):
    store = write_small(records, tmp_path)
    broken = tmp_path / "cells" / ("0" * 32) / "train.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{")
    (tmp_path / "timing").mkdir()
    (tmp_path / "timing" / "bad.json").write_text("[]")
    problems: list[str] = []
    timing_table(Folder(tmp_path), problems)
    section = troubles.section(Selection.of(store), problems)
    text = " ".join(cell.text for table in section.tables for row in table.rows for cell in row)
    assert str(broken) in text and "bad.json" in text
