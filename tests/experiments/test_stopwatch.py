"""Where a cell's time goes: that every part is counted, and once. No time itself is ever asserted."""

import io
import json

import pytest
import torch
from click.testing import CliRunner

from benchmark.cli import main
from benchmark.cli.terminal import cells as shown
from benchmark.experiments import cell as real
from benchmark.experiments import stopwatch as cells
from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.request import Request
from benchmark.training import step, train


def small(task: str = "offset-recall") -> Cell:
    (cell,) = make_plan(Request(encodings="rope", tasks=task, preset="smoke", seeds=(0,), multiples=(1, 2))).cells
    return cell


@pytest.fixture
def calls(monkeypatch) -> dict[str, int]:
    """A clock that moves one second a call of any part's function, and how often each was called."""
    counts = dict.fromkeys(cells.PARTS, 0)
    now = [0.0]
    monkeypatch.setattr(cells.time, "process_time", lambda: now[0])

    def counting(call, part):
        def counted(*arguments, **options):
            counts[part] += 1
            now[0] += 1.0
            return call(*arguments, **options)

        return counted

    for part, functions in cells.PARTS.items():
        for owner, name in functions:
            monkeypatch.setattr(owner, name, counting(getattr(owner, name), part))
    return counts


def test_every_part_is_counted_once(calls):
    found = cells.measured(small("corpus"))
    steps = small("corpus").train.budget.steps
    assert calls == {
        "gradients": steps,
        "optimiser": steps,
        "rows": 1,
        "evaluation": 2,
        "a look inside": 2,
    }
    assert {part: found[part] for part in calls} == calls
    assert found["other"] == 0
    assert found["whole"] == sum(calls.values())


def test_nothing_stays_patched():
    before = (step.gradients, step.update, train.rows, real.evaluate)
    with cells.stopwatches():
        assert step.gradients is not before[0]
    assert (step.gradients, step.update, train.rows, real.evaluate) == before


def test_the_process_tells_of_each_cell(monkeypatch, capsys):
    threads = torch.get_num_threads()
    monkeypatch.setattr("sys.argv", ["cells", "2"])
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps([small().model_dump(mode="json")])))
    cells.main()
    torch.set_num_threads(threads)
    (line,) = capsys.readouterr().out.splitlines()
    rounds = json.loads(line)
    assert len(rounds) == 2
    assert all(set(each) == {"whole", *cells.PARTS, "other"} for each in rounds)


def test_a_cell_that_fails_is_no_measurement(monkeypatch):
    monkeypatch.setattr(cells.cells, "run_cell", lambda *_, **__: "failed")
    with pytest.raises(RuntimeError, match="offset-recall · rope · seed 0: failed"):
        cells.measured(small())


def test_the_table_has_medians_and_shares():
    parts = {"gradients": 5.0, "optimiser": 1.0, "evaluation": 3.0, "rows": 0.5, "a look inside": 0.0}
    rounds = [{"whole": 10.0, **parts, "other": 0.5}] * 3
    row = shown.row_of(small(), rounds)
    assert row == {
        "task": "offset-recall",
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
        lambda all_cells, rounds: [[dict.fromkeys(["whole", *cells.PARTS, "other"], 1.0)]] * len(all_cells),
    )
    told = CliRunner().invoke(main, ["time", "--suite", "cells", "--tasks", "copy", "--encodings", "rope,alibi"])
    assert told.exit_code == 0
    assert [line.split()[:2] for line in told.stdout.splitlines()[1:3]] == [["copy", "rope"], ["copy", "alibi"]]
    refused = CliRunner().invoke(main, ["time", "--suite", "cells", "--width", "32"])
    assert refused.exit_code == 2
    assert refused.stderr == (
        "error: --width is no option of --suite cells, which takes --encodings, --rounds, --tasks: leave it out\n"
    )
