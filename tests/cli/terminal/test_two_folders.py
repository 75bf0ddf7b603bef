"""`compare` with two folders: what is shown and counted, what a gate does, and one line for whatever cannot be."""

import json
import re
import shutil

import pandas as pd
import pytest

from benchmark.cli.terminal import two_folders as folders
from benchmark.reports.compare.snapshot import Snapshot
from benchmark.reports.page.selection import Selection
from benchmark.results.store import Store


def changed(records, root, *, by: str = "none", encodings=("rope", "alibi"), tasks=("copy",), **settings):
    """The example's cells, of a new version of `alibi` that came out as another encoding does."""
    store = Store(root)
    for task in tasks:
        for name in encodings:
            for seed in range(2):
                trained = records.train_record(task, name, seed, fingerprint="f" * 16 if name == "alibi" else None)
                store.put(trained)
                like = by if name == "alibi" else name
                for multiple in (1, 4):
                    length = 16 * multiple
                    arrays = records.synthetic_arrays(task, like, seed, length)
                    store.put(records.eval_record(trained, length, **settings), arrays)
    return root


@pytest.fixture(scope="session")
def older(records, tmp_path_factory):
    root = tmp_path_factory.mktemp("older")
    records.write_example(root, encodings=("rope", "alibi"), tasks=("copy",), multiples=(1, 4), seeds=2, trouble=False)
    return root


@pytest.fixture(scope="session")
def newer(records, tmp_path_factory):
    return changed(records, tmp_path_factory.mktemp("newer"))


@pytest.fixture
def report(older, tmp_path):
    folder = tmp_path / "report"
    folder.mkdir()
    (folder / "data.json").write_text(Snapshot.of_report(Selection.of(Store(older))).text())
    return folder


def told(result) -> dict:
    return json.loads(result.stdout)


def test_what_changed_is_shown_and_the_rest_counted(invoke, older, newer):
    result = invoke("compare", older, newer)
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert lines[0].startswith(f"FIRST   {older}: 4 models, 2 encodings, 1 task; position-benchmark 0.1.0, torch 2.13")
    assert (
        lines[2]
        == "4 places (task, encoding, length) compared by headline metric: 2 identical to the last bit, 2 worse"
    )
    assert lines[3] == "2 comparisons judged together: nothing is shown below 7 common seeds"
    assert "the source of the encoding differs, which is what this compares: alibi (" in result.output
    (row,) = (line for line in lines if line.startswith("worse on these seeds") and "  64  " in line)
    assert "alibi" in row and row.endswith("  0 of 2")
    assert "SECOND - FIRST, median (lowest to highest)  SECOND better on" in result.output
    assert lines[-1] == "2 regressions: worse by more than the margin of its metric, or a value has disappeared"
    assert not any(line.startswith("worse on these seeds") and "rope" in line for line in lines)


def test_a_gate_fails_for_what_got_worse_alone(invoke, older, newer):
    assert invoke("compare", older, newer, "--fail-on-regression").exit_code == 1
    assert invoke("compare", older, newer, "--fail-on-regression", "--margin", "1").exit_code == 0
    assert invoke("compare", newer, older, "--fail-on-regression").exit_code == 0
    assert invoke("compare", older, newer, "--fail-on-regression", "--display", "json").exit_code == 1


def test_on_another_machine_a_gate_on_few_seeds_needs_a_margin(invoke, older, newer, report):
    path = report / "data.json"
    path.write_text(path.read_text().replace("Example processor", "Another"))
    result = invoke("compare", report, newer, "--fail-on-regression")
    assert result.exit_code == 0
    assert "2 of these are worse on every common seed by more than the margin, but on machines that" in result.output
    assert "not compared: alibi, rope: training time: processor Another, 2 cores and Example" in result.output
    assert invoke("compare", report, newer, "--fail-on-regression", "--margin", "0.05").exit_code == 1


def test_a_copy_is_identical(invoke, older, tmp_path):
    shutil.copytree(older, tmp_path / "copy")
    result = invoke("compare", older, tmp_path / "copy", "--fail-on-regression", "--margin", "0")
    assert result.exit_code == 0
    assert "4 places (task, encoding, length) compared by headline metric: 4 identical to the last bit" in result.output
    assert result.output.endswith("no regression: nothing is shown to be worse by more than 0\n")


def test_a_report_is_compared_like_its_results(invoke, older, newer, report):
    wanted = told(invoke("compare", older, newer, "--display", "json"))
    for first in (report, report / "data.json"):
        found = told(invoke("compare", first, newer, "--display", "json"))
        assert found["changes"] == wanted["changes"]
        assert found["training_time"] == wanted["training_time"]


def test_json_has_every_place_and_nothing_that_is_no_json(invoke, older, newer):
    found = told(invoke("compare", older, newer, "--display", "json"))
    assert found["regressions"] == 2
    assert found["counts"] == {"identical": 2, "worse on these seeds": 2}
    assert [(row["encoding"], row["length"], row["regression"]) for row in found["changes"]] == [
        ("alibi", 16, True),
        ("alibi", 64, True),
        ("rope", 16, False),
        ("rope", 64, False),
    ]
    first, same = found["changes"][0], found["changes"][2]
    assert (first["pairs"], first["first_better"], first["second_better"], first["more_seeds"]) == (2, 2, 0, 5)
    assert first["interval"] == "lowest to highest" and first["low"] < first["difference"] < first["high"] < 0
    assert (same["difference"], same["more_seeds"], found["comparisons"], found["fewest_seeds"]) == (0, None, 2, 7)


def test_the_table_of_all_is_written(invoke, older, newer, tmp_path):
    result = invoke("compare", older, newer, "--out", tmp_path / "out")
    path = tmp_path / "out" / "compare.csv"
    assert result.output.endswith(f"wrote {path}\n")
    table = pd.read_csv(path)
    assert list(table["verdict"]) == ["worse on these seeds"] * 2 + ["identical"] * 2


def test_records_that_cannot_be_read_are_named_and_the_others_compared(invoke, older, newer, tmp_path):
    shutil.copytree(older, tmp_path / "copy")
    next((tmp_path / "copy" / "cells").glob("*/train.json")).write_text("{")
    result = invoke("compare", tmp_path / "copy", newer)
    assert result.exit_code == 0
    assert "warning: " in result.stderr
    assert "places (task, encoding, length) compared" in result.stdout


def test_what_cannot_be_compared_says_why(invoke, older, records, tmp_path):
    store = Store(tmp_path / "other")
    for name in ("rope", "alibi"):
        trained = records.train_record("copy", name, 0, steps=700 if name == "rope" else records.STEPS)
        moved = trained.environment.model_copy(update={"processor": "Another"})
        store.put(trained.model_copy(update={"environment": moved}))
        store.put(records.eval_record(trained, 16), records.synthetic_arrays("copy", name, 0, 16))
    result = invoke("compare", older, tmp_path / "other")
    assert [line for line in result.output.splitlines() if line.startswith("not compared")] == [
        "not compared on copy: alibi: only FIRST has the length 64",
        "not compared on copy: alibi: only FIRST has the seed 1",
        "not compared on copy: rope: steps 600 and 700",
        "not compared: alibi: training time: processor Example processor, 2 cores and Another",
    ]


def test_many_changes_are_cut_and_counted(invoke, records, tmp_path, monkeypatch):
    monkeypatch.setattr(folders, "MOST_ROWS", 1)
    older = records.write_example(
        tmp_path / "a", encodings=("rope", "alibi"), tasks=("copy",), multiples=(1, 4), seeds=2, trouble=False
    ).root
    result = invoke("compare", older, changed(records, tmp_path / "b"))
    assert sum(line.startswith("worse on these seeds") for line in result.output.splitlines()) == 1
    assert "and 1 more that are worse, for alibi (1): --out and --display json show all" in result.output


def test_where_no_seed_is_common_nothing_is_compared(invoke, older, report):
    path = report / "data.json"
    path.write_text(re.sub(r'"init_seed":(\d)', r'"init_seed":1\1', path.read_text()))
    result = invoke("compare", older, report)
    assert result.exit_code == 2
    assert result.stderr.endswith(": no common seeds\n")


def test_plain_and_drawn_are_asked_for(invoke, older, newer):
    assert "─" not in invoke("compare", older, newer, "--display", "plain").output
    assert "┃" in invoke("compare", older, newer, "--display", "rich").output


def empty(tmp_path, older, report):
    return older, tmp_path


def missing(tmp_path, older, report):
    return older, tmp_path / "nowhere"


def a_mere_name(tmp_path, older, report):
    return older, "nowhere"


def an_encoding(tmp_path, older, report):
    return "rope", older


def itself(tmp_path, older, report):
    return older, older


def no_records(tmp_path, older, report):
    (tmp_path / "results" / "cells").mkdir(parents=True)
    return tmp_path / "results", older


def newer_records(tmp_path, older, report):
    shutil.copytree(older, tmp_path / "results")
    for path in (tmp_path / "results" / "cells").glob("*/*.json"):
        path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 2'))
    return tmp_path / "results", older


def newer_report(tmp_path, older, report):
    path = report / "data.json"
    path.write_text(path.read_text().replace('"schema_version":1', '"schema_version":2'))
    return report, older


def report_without_data(tmp_path, older, report):
    (report / "data.json").rename(report / "index.html")
    return report, older


def no_data(tmp_path, older, report):
    (report / "data.json").write_text("{}")
    return report, older


def other_tasks(tmp_path, older, report):
    path = report / "data.json"
    path.write_text(path.read_text().replace('"copy"', '"reverse"'))
    return report, older


def other_steps(tmp_path, older, report):
    path = report / "data.json"
    path.write_text(path.read_text().replace('"steps":600', '"steps":7'))
    return report, older


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (empty, "is neither a results folder (it has no cells/) nor a report (it has no data.json)"),
        (missing, "no such folder: "),
        (a_mere_name, "is a folder, but 'nowhere' is not"),
        (an_encoding, "is a folder, but 'rope' is not: name two encodings, or two folders"),
        (itself, "name two different ones"),
        (no_records, "it has no records"),
        (newer_records, "schema version 2, but this version reads 1"),
        (newer_report, "schema version 2, but this version reads 1"),
        (report_without_data, "has no data.json: write it again with python -m benchmark report"),
        (no_data, "schema version None"),
        (other_tasks, "they have no task and encoding in common"),
        (other_steps, "steps 7 and 600"),
    ],
)
def test_whatever_cannot_be_compared_is_one_line_and_exit_code_2(invoke, older, report, tmp_path, make, wanted):
    result = invoke("compare", *make(tmp_path, older, report))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: ")
    assert wanted in result.stderr


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["rope", "alibi", "--fail-on-regression"], "only apply to two folders"),
        (["rope", "alibi", "--margin", "0.1"], "only apply to two folders"),
        (["./a", "./b", "--results", "c"], "--results goes with two encodings"),
        (["./a", "./b", "--margin", "-1"], "-1"),
        (["./a", "./b", "--margin", "nan"], "nan"),
        (["./a", "./b", "--display", "jsn"], "did you mean 'json'"),
    ],
)
def test_options_that_do_not_fit_are_one_line(invoke, arguments, wanted):
    result = invoke("compare", *arguments)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert wanted in result.stderr


def test_two_encodings_as_json(invoke, results):
    found = told(invoke("compare", "rope", "learned", "--results", results, "--display", "json"))
    assert (found["first"], found["second"], found["left_out"]) == ("rope", "learned", [])
    rows = [row for row in found["differences"] if row["task"] == "copy"]
    assert [row["length"] for row in rows] == [16, 32, 64, 128, 256]
    assert rows[0]["difference"] is not None and rows[1]["difference"] is None
