"""`export`: every format holds the same values, and no file is half written."""

import io
import json
import re
import shutil
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
import yaml
from huggingface_hub import parse_eval_result_entries

from benchmark.reports.tables.values import metric_table
from benchmark.reports.write import export
from benchmark.results.store import Store


@pytest.fixture(scope="module")
def table(results):
    return metric_table(Store(results))


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
    assert re.search(
        r"offset-recall & token\\_accuracy & rope & \\textit\{1\.00 .*\} \(32\)", text
    )  # 3 seeds test nothing
    assert r"\textbf" not in text
    assert "—" not in text


def test_latex_names_the_model_that_an_encoding_adapts_below_it(invoke, leagues):
    text = invoke("export", "--format", "latex", "--results", leagues).stdout
    names = [line.split(" & ")[2] for line in text.splitlines() if line.startswith("copy")]
    assert names == ["pi (on rope)", "rope", "digits (reads digits)"]
    assert text.count(r"\textit") == 2 and r"\textbf" not in text


def test_latex_of_nothing_measured_is_a_usage_error(invoke, results, tmp_path):
    """A folder in which every training diverged has records but no values."""
    for path in (results / "cells").glob("*/train.json"):
        if json.loads(path.read_text())["status"] == "diverged":
            shutil.copytree(path.parent, tmp_path / "only" / "cells" / path.parent.name)
    result = invoke("export", "--format", "latex", "--results", tmp_path / "only")
    assert result.exit_code == 2
    assert "was measured" in result.stderr
    assert len(invoke("export", "--results", tmp_path / "only").stdout.splitlines()) == 1


def test_markdown_has_tasks_as_rows_and_encodings_as_columns(invoke, results):
    caption, _, heading, rule, *lines = invoke("export", "--format", "markdown", "--results", results).stdout.split(
        "\n"
    )
    assert r"Mean \[lowest and highest of 2 to 3 seeds\]" in caption and "Chance: the score of guessing" in caption
    columns = fields(heading)
    assert columns == ["task", "metric", "at", "chance", "alibi", "rope", "learned"]  # best first
    assert len(fields(rule)) == len(columns)
    rows = [dict(zip(columns, fields(line), strict=True)) for line in lines if line]
    places = {(row["task"].split(" ")[0], row["metric"], row["at"].split(" = ")[0]) for row in rows}
    tasks = [("copy", "token accuracy"), ("offset-recall", "token accuracy"), ("recall-mqar", "token accuracy")]
    tasks += [("corpus", "loss nats"), ("corpus", "bits per character")]
    assert places == {(*task, at) for task in tasks for at in ("L", "4L")}
    assert len(rows) == len(places)
    copy = {row["at"]: row for row in rows if row["task"] == "copy"}
    assert copy["4L = 64"]["learned"] == "—"
    assert re.fullmatch(r"\d\.\d\d \\\[\d\.\d\d, \d\.\d\d\\\]", copy["L = 16"]["rope"])
    assert copy["L = 16"]["alibi"].endswith("highest mean, not yet tested (5 more seeds would do)")
    assert copy["L = 16"]["chance"] == "0.01"


def fields(line):
    return [field.strip() for field in line.strip("|").split("|")]


def test_markdown_agrees_with_the_values(invoke, results, table):
    text = invoke("export", "--format", "markdown", "--results", results).stdout
    row = next(line for line in text.splitlines() if line.startswith("| offset-recall") and "4L = 128" in line)
    own = table[(table["task"] == "offset-recall") & (table["length"] == 128) & table["headline"]]
    for place, encoding in ((4, "alibi"), (5, "rope")):
        mean = own[own["encoding"] == encoding]["value"].mean()
        assert fields(row)[place].strip("*").startswith(f"{mean:.2f}")


def test_markdown_ranks_leagues_separately(invoke, leagues):
    heading, _, row = invoke("export", "--format", "markdown", "--results", leagues).stdout.splitlines()[2:]
    assert fields(heading)[4:] == ["pi (on rope)", "rope", "digits (reads digits)"]
    assert "not yet tested" in fields(row)[4] + fields(row)[5] and "not yet tested" not in fields(row)[6]


def test_markdown_of_nothing_measured_is_a_usage_error(invoke, tmp_path):
    assert invoke("export", "--format", "markdown", "--results", tmp_path).exit_code == 2


def test_the_hub_reads_back_every_mean(invoke, results, table, tmp_path):
    out = tmp_path / ".eval_results"
    result = invoke(
        "export", "--format", "hf-eval-results", "--dataset", "someone/positions", "--results", results, "--out", out
    )
    assert result.exit_code == 0 and result.stdout == ""
    assert {path.name for path in out.iterdir()} == {"alibi.yaml", "learned.yaml", "rope.yaml"}
    means = table[table["headline"]].groupby(["encoding", "task", "train_length", "length"])["value"].mean().dropna()
    found = {}
    for path in out.iterdir():
        entries = parse_eval_result_entries(yaml.safe_load(path.read_text()))
        found |= {(path.stem, entry.task_id): entry for entry in entries}
        assert {entry.dataset_id for entry in entries} == {"someone/positions"}
    assert len(found) == len(means)
    for (encoding, task, train_length, length), mean in means.items():
        entry = found[encoding, f"{task}-L{train_length}-at-{length}"]
        assert entry.value == pytest.approx(mean, abs=1e-12)
        assert datetime.fromisoformat(entry.date).tzinfo is not None
    notes = found["alibi", "copy-L16-at-64"].notes
    assert notes.startswith("token accuracy (0 to 1), higher is better; [0.6")
    assert notes.endswith("of 2 seeds; alibi, 64 tokens = 4 L; 2 layers of width 64, 600 steps; verdict: untested")


def test_an_adapted_encoding_has_a_file_of_its_own(invoke, leagues, tmp_path):
    arguments = ("--format", "hf-eval-results", "--dataset", "a/b", "--results", leagues, "--out", tmp_path / "x")
    assert invoke("export", *arguments).exit_code == 0
    assert {path.name for path in (tmp_path / "x").iterdir()} == {
        "digits-reads-digits.yaml",
        "pi-on-rope.yaml",
        "rope.yaml",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--dataset", "a/b"), "name a folder: --out .eval_results"),
        (("--out", "x"), "--dataset is missing, but hf-eval-results needs the benchmark's dataset on the Hub"),
        (("--out", "x", "--dataset", "b"), "--dataset is 'b'"),
        (("--format", "csv", "--dataset", "a/b"), "--dataset goes with --format hf-eval-results, not with csv"),
    ],
)
def test_files_for_the_hub_need_a_folder_and_a_dataset(invoke, results, arguments, message):
    result = invoke("export", "--format", "hf-eval-results", "--results", results, *arguments)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert message in result.stderr


def test_files_for_the_hub_name_the_package_that_is_missing(invoke, results, monkeypatch):
    monkeypatch.setattr(export.importlib.util, "find_spec", lambda _: None)
    arguments = ("--format", "hf-eval-results", "--dataset", "a/b", "--results", results, "--out", "x")
    assert "pip install 'position-benchmark[checkpoints]'" in invoke("export", *arguments).stderr


def test_a_folder_is_not_a_file(invoke, results, tmp_path):
    result = invoke("export", "--results", results, "--out", tmp_path)
    assert result.exit_code == 2 and "is not a regular file" in result.stderr


def test_a_file_is_written_whole(invoke, results, tmp_path):
    assert invoke("export", "--results", results, "--out", tmp_path / "table.csv").stdout == ""
    assert (tmp_path / "table.csv").read_text() == invoke("export", "--results", results).stdout
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_a_device_is_not_replaced(invoke, results):
    result = invoke("export", "--results", results, "--out", "/dev/null")
    assert result.exit_code == 2
    assert "not a regular file" in result.stderr


def test_no_results_are_a_usage_error(invoke):
    result = invoke("export")
    assert result.exit_code == 2
    assert result.stderr == (
        "error: no results in 'results': make some with python -m benchmark run, "
        "or name another folder with --results\n"
    )
