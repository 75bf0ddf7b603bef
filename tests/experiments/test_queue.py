"""Longest first: by size at the start, and then by what was learned."""

import subprocess
import tempfile

import pytest

from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.process import WorkerProcess
from benchmark.experiments.queue import LongestFirst
from benchmark.experiments.request import Request


def cells(**asked: object) -> list[Cell]:
    plan = make_plan(Request.model_validate({"preset": "smoke", "tasks": "copy", "seeds": (0, 1), **asked}))
    return sorted(plan.cells, key=lambda cell: -cell.cost)


def label(cell: Cell | None) -> tuple[str, int] | None:
    return cell and (cell.train.encoding.label, cell.train.init_seed)


def test_cells_come_in_the_order_given_as_long_as_nothing_is_known() -> None:
    given = cells(tasks="copy,corpus", encodings="rope,alibi")
    queue = LongestFirst(given)
    taken = [queue.take() for _ in given]
    assert [cell.cost for cell in taken if cell] == [cell.cost for cell in given]
    assert not queue
    assert queue.take() is None


def test_what_was_slow_goes_first() -> None:
    rope, other_rope, alibi, other_alibi, dape, other_dape = cells(encodings="rope,alibi,dape")
    queue = LongestFirst([rope, other_rope, alibi, other_alibi, dape, other_dape])
    assert [label(queue.take()) for _ in range(3)] == [("rope", 0), ("rope", 1), ("alibi", 0)]
    queue.note(rope, 2.0)
    queue.note(alibi, 3.0)
    queue.note(dape, 9.0)
    assert [label(queue.take()) for _ in range(3)] == [("dape", 0), ("dape", 1), ("alibi", 1)]


def test_an_encoding_that_is_slow_on_one_task_is_expected_to_be_on_another() -> None:
    rope, alibi = (cells(encodings=name, tasks="copy", seeds=(0,))[0] for name in ("rope", "alibi"))
    longer = cells(encodings="rope,alibi", tasks="copy-twice", seeds=(0,))
    queue = LongestFirst(longer)
    queue.note(rope, 1.0)
    queue.note(alibi, 5.0)
    assert label(queue.take()) == ("alibi", 0)


def test_what_is_put_last_comes_after_all_others() -> None:
    first, second = cells(encodings="rope")
    queue = LongestFirst([first, second])
    assert queue.take() is first
    queue.put_last(first)
    assert [queue.take(), queue.take(), queue.take()] == [second, first, None]


@pytest.mark.parametrize(
    ("told", "learns"),
    [
        (("started", "progress", "measuring", "done"), True),
        (("started", "measuring", "done"), False),  # it had been trained
        (("started", "resumed", "progress", "measuring", "done"), False),  # a part of it had
    ],
)
def test_only_a_cell_that_was_trained_whole_teaches_how_long_it_takes(told: tuple[str, ...], learns: bool) -> None:
    (cell,) = cells(encodings="rope", seeds=(0,))
    worker = WorkerProcess(process=subprocess.Popen(["true"]), log=tempfile.TemporaryFile(), cell=cell)
    for event in told:
        worker.note(event)
    assert (worker.whole_seconds is not None) == learns
    worker.take(cell)
    assert worker.whole_seconds is None
    worker.process.wait()
    worker.close()
