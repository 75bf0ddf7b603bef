"""Ratios of timing files by hand; a file that is something else is named, whatever it holds."""

import json
import tempfile
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.reports.tables.timings import timing_table
from benchmark.results.files import Folder


def test_timings(records: ModuleType, tmp_path: Path) -> None:
    records.write_timings(tmp_path / "timing")
    (tmp_path / "timing" / "broken.json").write_text("[]", encoding="utf-8")
    problems: list[str] = []
    table = timing_table(Folder(tmp_path), problems).set_index(["encoding", "operation", "length"])
    assert len(table) == 2 * 3 * 3
    row = table.loc[("rope", "forward", 64)]
    assert row["low"] <= row["ratio"] <= row["high"] and row["rounds"] == 15
    assert row["ratio"] == pytest.approx(1.22, rel=0.03)
    assert len(problems) == 1 and "broken.json" in problems[0]


def test_timings_by_hand_and_the_newest_wins(tmp_path: Path) -> None:
    (tmp_path / "timing").mkdir()
    for day, own in (("1", [9.0, 9.0, 9.0]), ("2", [2.0, 8.0, 3.0, 7.0])):
        info = {"encoding": "rope", "operation": "decode", "length": 64, "none_seconds": [1.0, 2.0, 1.0]}
        content = {"datetime": f"2026-01-0{day}", "benchmarks": [{"extra_info": info, "stats": {"data": own}}]}
        (tmp_path / "timing" / f"{3 - int(day)}.json").write_text(json.dumps(content), encoding="utf-8")
    (row,) = timing_table(Folder(tmp_path), []).to_dict("records")
    assert (row["ratio"], row["rounds"]) == (3, 3)  # ratios 2, 4, 3; the fourth round has no partner


@pytest.mark.parametrize(
    "benchmark_",
    [
        7,
        {"extra_info": 7},
        {
            "stats": {"data": ["a"]},
            "extra_info": {"none_seconds": [1.0], "encoding": "x", "operation": "y", "length": 1},
        },
        {
            "stats": {"data": [1.0]},
            "extra_info": {"none_seconds": [1.0], "encoding": "x", "operation": "y", "length": "z"},
        },
        {
            "stats": {"data": [1.0]},
            "extra_info": {"none_seconds": [1.0], "encoding": "x", "operation": "y", "length": 1e999},
        },
        {
            "stats": {"data": [1.0]},
            "extra_info": {"none_seconds": [1.0], "encoding": "x", "operation": "y", "length": 10**30},
        },
        {
            "stats": {"data": [1.0]},
            "extra_info": {"none_seconds": [1.0], "encoding": "\ud800", "operation": "y", "length": 1},
        },
        {
            "stats": {"data": {"a": 1.0}},
            "extra_info": {"none_seconds": [1.0], "encoding": "x", "operation": "y", "length": 1},
        },
    ],
)
def test_a_foreign_timing_file_is_named(tmp_path: Path, benchmark_: object) -> None:
    (tmp_path / "timing").mkdir()
    (tmp_path / "timing" / "foreign.json").write_text(json.dumps({"benchmarks": [benchmark_]}), encoding="utf-8")
    problems: list[str] = []
    assert timing_table(Folder(tmp_path), problems).empty
    assert len(problems) == 1 and "foreign.json: skipped" in problems[0]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
numbers = st.lists(st.floats() | st.integers(), max_size=3) | json_values
extra_info = st.fixed_dictionaries(
    {"none_seconds": numbers, "encoding": json_values, "operation": json_values, "length": json_values},
    optional={"device": json_values},
)
benchmarks = st.fixed_dictionaries({"stats": st.fixed_dictionaries({"data": numbers}), "extra_info": extra_info})


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.lists(benchmarks | json_values, max_size=2) | json_values)
def test_whatever_a_timing_file_holds_it_is_read_or_named(content: object) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "timing").mkdir()
        (Path(folder) / "timing" / "any.json").write_text(json.dumps({"benchmarks": content}), encoding="utf-8")
        problems: list[str] = []
        table = timing_table(Folder(Path(folder)), problems)
        table.to_json().encode()
    assert len(problems) <= 1
    assert table.empty or not problems


def test_no_files_are_no_timings(tmp_path: Path) -> None:
    assert timing_table(Folder(tmp_path), []).empty
