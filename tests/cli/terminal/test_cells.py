"""`time --suite cells`: its table, and the options that it takes."""

import pytest
from click.testing import CliRunner

from benchmark.cli import main
from benchmark.cli.terminal import cells as shown
from benchmark.experiments.plan import make_plan
from benchmark.experiments.request import Request
from benchmark.training.clock import PARTS


def test_the_table_has_medians_and_shares():
    parts = {"gradients": 5.0, "optimiser": 1.0, "evaluation": 3.0, "rows": 0.5, "a look inside": 0.0}
    rounds = [{"whole": 10.0, **parts, "other": 0.5}] * 3
    (cell,) = make_plan(Request(encodings="rope", tasks="offset-recall", preset="smoke", seeds=(0,))).cells
    row = shown.row_of(cell, rounds)
    assert row == {
        "encoding": "rope",
        "whole": "10.0",
        "training": "6.0",
        "evaluation": "0.50",
        "rows": "5.0",
        "a look inside": "0.0",
        "other": "5.0",
        "rounds": 3,
    }


def test_the_command_shows_it(monkeypatch):
    monkeypatch.setattr(
        shown,
        "measured",
        lambda all_cells, rounds: [[dict.fromkeys(["whole", *PARTS, "other"], 1.0)]] * len(all_cells),
    )
    told = CliRunner().invoke(main, ["time", "--suite", "cells", "--tasks", "copy", "--encodings", "rope,alibi"])
    assert told.exit_code == 0
    assert [line.split()[:2] for line in told.stdout.splitlines()[1:3]] == [["copy", "rope"], ["copy", "alibi"]]
    options = ["--tasks", "copy", "--encodings", "rope", "--width", "32,16", "--steps", "7"]
    own = CliRunner().invoke(main, ["time", "--suite", "cells", *options])
    assert [line.partition(")")[0] for line in own.stdout.splitlines()[1:3]] == ["copy (width 16", "copy (width 32"]
    assert "preset quick --width 16,32 --steps 7, seed 0" in own.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--suite", "cells", "--device", "cpu"], "error: --device is not an option of --suite cells, which takes --b"),
        (
            ["--suite", "tasks", "--width", "32"],
            "error: --width is not an option of --suite tasks, which takes --batch",
        ),
        (
            ["--suite", "peers", "--steps", "3"],
            "error: --steps is not an option of --suite peers, which takes --device",
        ),
        (["--train-length", "3"], "error: --train-length is not an option of --suite encodings, which takes --device"),
    ],
)
def test_an_option_that_a_suite_would_ignore_is_refused(options, words):
    refused = CliRunner().invoke(main, ["time", *options])
    assert refused.exit_code == 2
    assert refused.stderr.startswith(words)
