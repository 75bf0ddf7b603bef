"""`time --suite tasks`: every task has a line, and a task below the promised rate is named."""

import re

from benchmark.cli.terminal.sampling import remarks
from benchmark.timing.sampling import FLOOR


def test_every_task_asked_for_has_its_line(invoke, tmp_path):
    result = invoke("time", "--suite", "tasks", "--tasks", "copy,copy:symbols=5,parity", "--rounds", "6")
    assert result.exit_code == 0, result.output
    heading, *lines = result.output.splitlines()
    assert re.split(r" {2,}", heading) == [
        *("operation", "task", "length", "batch", "tokens per second", "95 % interval", "rounds")
    ]
    cells = {fields[1]: fields for fields in (re.split(r" {2,}", line) for line in lines[:3])}
    assert cells.keys() == {"copy", "copy:symbols=5", "parity"}
    for fields in cells.values():
        assert fields[0] == "sample" and fields[6] == "6"
        low, high = (int(edge.replace(",", "")) for edge in fields[5].split(" to "))
        assert 0 < low <= int(fields[4].replace(",", "")) <= high
    assert "promise: at least 200,000 tokens per second" in lines[3]
    assert list(tmp_path.iterdir()) == []


def test_too_few_rounds_have_no_interval(invoke):
    line = invoke("time", "--suite", "tasks", "--tasks", "copy", "--rounds", "2").output.splitlines()[1]
    assert re.split(r" {2,}", line)[5] == "—"


def test_a_task_below_the_promise_is_named():
    rows = [{"task": "slow", "median": FLOOR - 1.0}, {"task": "quick", "median": FLOOR}]
    assert list(remarks(rows, FLOOR, 1))[1] == "slower than promised: slow (199,999)"
    assert list(remarks(rows[1:], FLOOR, 1))[1] == "no task is slower than promised"


def test_a_missing_text_is_reported(invoke):
    result = invoke("time", "--suite", "tasks", "--tasks", "copy,corpus:text=nowhere.txt", "--rounds", "2")
    assert result.exit_code == 0
    assert "corpus:text=nowhere.txt: not timed: " in result.output


def test_an_unknown_suite_is_one_line(invoke):
    result = invoke("time", "--suite", "task")
    assert result.exit_code == 2
    known = "cells, checkpoint, encodings, executors, peers, peers-run, peers-step, records, tasks"
    assert result.stderr == f"error: unknown suite 'task'; did you mean 'tasks'? Known: {known}.\n"
