"""Grids, and records from before grids existed."""

import re

from benchmark.reports.write.report import build
from benchmark.results.record import EvalRecord
from benchmark.results.store import Store


def test_grids_have_a_heatmap_and_curves_with_their_numbers(page):
    heatmap, curves = next(section for section in page.sections if section.id == "grids").exhibits
    assert (heatmap.id.split("-")[0], curves.id.split("-")[0]) == ("grid", "along")
    assert "seeds 0, 1, 2" in heatmap.caption and "256 test problems" in heatmap.caption
    assert [(group.title, group.span) for group in curves.numbers.groups] == [("length 16", 5), ("length 256", 9)]
    assert curves.numbers.columns[:4] == ("encoding", "1", "2", "3–4")
    assert [cell.text for cell in curves.numbers.rows[1]][6:] == ["—"] * 9  # learned, past L


def test_records_of_before_grids_and_views_still_make_a_report(records, tmp_path):
    store = records.write_example(tmp_path, encodings=("rope",), seeds=2, tasks=("corpus", "recall-mqar"))
    for record in [each for each in store.records() if isinstance(each, EvalRecord)]:
        arrays = store.arrays(record)
        known = {name: values for name, values in arrays.items() if not re.match("group|windows|crop|far", name)}
        store.put(record.model_copy(update={"axes": {}}), known or None)
    page = build(Store(tmp_path))
    found = {section.id: section for section in page.sections}
    assert [exhibit.title[:2] for exhibit in found["language"].exhibits] == ["1."]
    assert found["grids"].exhibits == () and "No task was measured" in found["grids"].lines[0]
