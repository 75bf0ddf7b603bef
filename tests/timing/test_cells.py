"""Where a cell's time goes: every part is counted, exactly once. No actual time is asserted."""

import io
import itertools
import json
import time

import pytest
import torch

from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.request import Request
from benchmark.timing import cells
from benchmark.training.clock import PARTS


def small(task: str = "offset-recall") -> Cell:
    (cell,) = make_plan(Request(encodings="rope", tasks=task, preset="smoke", seeds=(0,), multiples=(1, 2))).cells
    return cell


def test_every_part_is_counted_once(monkeypatch):
    """The clock advances one second per reading: a call of a part takes one, a part around another would take three."""
    readings = itertools.count()
    monkeypatch.setattr(time, "process_time", lambda: float(next(readings)))
    found = cells.measured(small("corpus"))
    steps = small("corpus").train.budget.steps
    calls = {
        "gradients": steps,
        "optimiser": steps,
        "rows": 1,
        "evaluation": 2,
        "a look inside": 2,
    }
    assert {part: found[part] for part in PARTS} == calls
    assert found["whole"] == 2 * sum(calls.values()) + 1
    assert found["other"] == sum(calls.values()) + 1


def test_the_process_reports_each_cell(monkeypatch, capsys):
    threads = torch.get_num_threads()
    monkeypatch.setattr("sys.argv", ["cells", "2"])
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps([small().model_dump(mode="json")])))
    cells.main()
    torch.set_num_threads(threads)
    (line,) = capsys.readouterr().out.splitlines()
    rounds = json.loads(line)
    assert len(rounds) == 2
    assert all(set(each) == {"whole", *PARTS, "other"} for each in rounds)


def test_a_failed_cell_is_not_a_measurement(monkeypatch):
    monkeypatch.setattr(cells, "run_cell", lambda *_, **__: "failed")
    with pytest.raises(SystemExit, match="offset-recall · rope · seed 0: failed"):
        cells.measured(small())
