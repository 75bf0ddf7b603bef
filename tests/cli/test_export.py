"""`export`: every format holds the same values, and nothing is half written."""

import io
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest

from benchmark.cli import export
from benchmark.reports.aggregate import frame
from benchmark.results.store import Store


@pytest.fixture(scope="module")
def table(results):
    return frame(Store(results))


def test_csv_holds_every_value(invoke, results, table):
    result = invoke("export", "--results", results)
    assert result.exit_code == 0
    read = pd.read_csv(io.StringIO(result.stdout))
    assert list(read.columns) == list(table.columns)
    np.testing.assert_array_equal(read["value"], table["value"])
    assert list(read["encoding"]) == list(table["encoding"])


def test_json_holds_every_value_and_null_for_none(invoke, results, table):
    rows = json.loads(invoke("export", "--format", "json", "--results", results).stdout)
    assert [row["value"] for row in rows] == [None if np.isnan(value) else value for value in table["value"]]
    assert any(row["value"] is None for row in rows)
    assert rows[0]["created"] == "2026-05-04T12:01:00+00:00"
    assert {type(row["lower_is_better"]) for row in rows} == {bool}


def test_json_of_an_infinite_perplexity_is_null(table):
    changed = table.head(2).assign(value=[np.inf, 0.5])
    assert [row["value"] for row in json.loads(export.as_json(changed))] == [None, 0.5]


def test_parquet_holds_every_value(invoke, results, table, tmp_path):
    pytest.importorskip("pyarrow")
    result = invoke("export", "--format", "parquet", "--results", results, "--out", tmp_path / "deep" / "table.parquet")
    assert (result.exit_code, result.stderr) == (0, f"wrote {tmp_path / 'deep' / 'table.parquet'}\n")
    read = pd.read_parquet(tmp_path / "deep" / "table.parquet")
    np.testing.assert_array_equal(read["value"], table["value"])


def test_parquet_without_its_package_names_it(invoke, results, monkeypatch):
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda _: None)
    result = invoke("export", "--format", "parquet", "--results", results, "--out", "x.parquet")
    assert result.exit_code == 2
    assert "pip install pyarrow" in result.stderr


def test_parquet_needs_a_file(invoke, results):
    assert "--out results.parquet" in invoke("export", "--format", "parquet", "--results", results).stderr


def test_latex_has_a_row_for_each_encoding_of_each_task(invoke, results):
    text = invoke("export", "--format", "latex", "--results", results).stdout
    rows = [line for line in text.splitlines() if line.endswith(r"\\") and not line.startswith("Task")]
    assert len(rows) == 4 * 3
    assert {row.count("&") for row in rows} == {4}
    assert text.count(r"\midrule") == 4
    assert re.search(r"corpus & loss\\_nats & learned & .* & --- \(1024\)", text)
    assert re.search(r"offset-recall & token\\_accuracy & rope & \\textbf\{1\.00 .*\} \(32\)", text)
    assert "—" not in text


def test_latex_names_the_model_that_an_encoding_adapts_below_it(invoke, leagues):
    text = invoke("export", "--format", "latex", "--results", leagues).stdout
    names = [line.split(" & ")[2] for line in text.splitlines() if line.startswith("copy")]
    assert names == ["rope", "pi (on rope)", "digits (reads digits)"]
    assert text.count(r"\textbf") == 2 * 2


def test_latex_of_nothing_measured_is_wrong_use(invoke, results, tmp_path):
    """A folder in which every training diverged has records, and no figures."""
    for path in (results / "cells").glob("*/train.json"):
        if json.loads(path.read_text())["status"] == "diverged":
            shutil.copytree(path.parent, tmp_path / "only" / "cells" / path.parent.name)
    result = invoke("export", "--format", "latex", "--results", tmp_path / "only")
    assert result.exit_code == 2
    assert "was measured" in result.stderr
    assert len(invoke("export", "--results", tmp_path / "only").stdout.splitlines()) == 1


def test_latex_names_are_set_as_they_are():
    assert (
        export._escaped(r"50%_a&b\c{<~^")
        == r"50\%\_a\&b\textbackslash{}c\{\textless{}\textasciitilde{}\textasciicircum{}"
    )


def test_a_file_is_written_whole(invoke, results, tmp_path):
    assert invoke("export", "--results", results, "--out", tmp_path / "table.csv").stdout == ""
    assert (tmp_path / "table.csv").read_text() == invoke("export", "--results", results).stdout
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_a_device_is_not_replaced(invoke, results):
    result = invoke("export", "--results", results, "--out", "/dev/null")
    assert result.exit_code == 2
    assert "no plain file" in result.stderr


def test_no_results_are_wrong_use(invoke):
    result = invoke("export")
    assert result.exit_code == 2
    assert result.stderr == (
        "error: no results in 'results': python -m benchmark run makes some; --results names another folder\n"
    )
