"""`status`: counts, reasons and unreadable files."""

import json
import shutil

from benchmark.results.store import Store


def test_an_empty_folder_says_how_to_fill_it(invoke):
    result = invoke("status")
    assert result.exit_code == 0
    assert result.output == "no results in 'results' yet: python -m benchmark run\n"
    assert json.loads(invoke("status", "--format", "json").output) == {
        "cells": [],
        "failures": [],
        "unreadable": [],
        "last": None,
    }


def test_cells_are_counted_by_task_and_encoding(invoke, results):
    found = json.loads(invoke("status", "--results", results, "--format", "json").output)
    cells = {(row["task"], row["encoding"]): row for row in found["cells"]}
    assert len(cells) == 12
    assert (cells["copy", "alibi"]["ok"], cells["copy", "alibi"]["diverged"]) == (2, 1)
    assert (cells["copy", "learned"]["evaluations"], cells["copy", "learned"]["unsupported"]) == (3, 12)
    assert (cells["recall-mqar", "rope"]["evaluations"], cells["recall-mqar", "rope"]["failed"]) == (14, 1)
    assert {failure["cell"]: failure["reason"] for failure in found["failures"]} == {
        "recall-mqar · rope · seed 0 · evaluate": "out of memory",
        "copy · alibi · seed 1": "the training loss was nan at step 217 of 600",
    }


def test_the_table_ends_with_what_went_wrong(invoke, results):
    output = invoke("status", "--results", results).output
    assert f"36 cells in {str(results)!r}; the last record is from 2026-05-04 12:02 UTC" in output
    assert "copy · alibi · seed 1: diverged: the training loss was nan at step 217 of 600" in output
    assert "--retry-failed" in output


def test_an_unreadable_file_is_named_and_the_rest_is_counted(invoke, results, tmp_path):
    copy = shutil.copytree(results, tmp_path / "copy")
    torn = sorted((copy / "cells").glob("*/train.json"))[0]
    torn.write_text('{"schema_version": 1, "kind"')
    output = invoke("status", "--results", copy).output
    assert f"{torn}: skipped" in output
    assert f"{len([record for record in Store(copy).records() if record.kind == 'train'])} cells in" in output
    assert "35 cells in" in output
