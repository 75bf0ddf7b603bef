"""Progress in a terminal: a cell that is lost with its machine starts again, in one bar."""

from benchmark.cli.terminal.progress import Live, Plain, remaining
from benchmark.experiments.executor import Event
from benchmark.experiments.pace import Pace
from benchmark.experiments.plan import make_plan
from benchmark.experiments.request import Request
from benchmark.experiments.rounds import Round

(CELL,) = make_plan(Request(encodings="rope", tasks="copy", preset="smoke", seeds=(0,))).cells
LOST = "lost, and tried again: Task failed because the node it was running on is dead or unavailable"
EVENTS = [
    Event(kind="started", cell=CELL),
    Event(kind="progress", cell=CELL, step=10, tokens=5000, seconds=1.0),
    Event(kind="resumed", cell=CELL, reason=LOST),
    Event(kind="started", cell=CELL),
    Event(kind="progress", cell=CELL, step=30, tokens=9000, seconds=2.0),
    Event(kind="done", cell=CELL, status="ok"),
]


def test_a_lost_cell_has_one_bar() -> None:
    live = Live()
    live(Round(number=1, todo=[CELL], automatic=False))
    live(Event(kind="resumed", cell=CELL, reason=LOST))  # before it started
    for event in EVENTS[:-1]:
        live(event)
        assert len(live.progress.tasks) == 2  # that of the run, and its own
    live(EVENTS[-1])
    assert len(live.progress.tasks) == 1
    assert live.pace.finished == 1


def test_a_lost_cell_is_told_in_a_line(capsys) -> None:
    plain = Plain()
    plain(Round(number=1, todo=[CELL], automatic=False))
    for event in EVENTS:
        plain(event)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        f"copy · rope · seed 0: {LOST}",
        "[1/1] copy · rope · seed 0: done, 4,500 tokens/s; about 0 s left",
    ]


def test_a_time_that_nothing_tells_yet_is_not_given() -> None:
    assert remaining(Pace([CELL] * 100)) == "time left not known yet"
