"""The stopwatch for the parts of a cell. No time itself is ever asserted."""

import time

import pytest

from benchmark.training.clock import PARTS, part, stopwatch


def test_nothing_is_counted_without_a_stopwatch(monkeypatch):
    @part("rows")
    def work(value: int) -> int:
        return value + time.process_time()

    monkeypatch.setattr(time, "process_time", lambda: 0)
    assert work(3) == 3
    with stopwatch() as seconds:
        assert work(value=3) == 3
    now = iter([10.0, 10.5, 12.0])
    monkeypatch.setattr(time, "process_time", lambda: next(now))
    with stopwatch() as outer:
        work(3)
    assert work.__name__ == "work"
    assert seconds == dict.fromkeys(PARTS, 0.0)
    assert outer == {**dict.fromkeys(PARTS, 0.0), "rows": 2.0}
    assert list(now) == []


def test_a_part_that_fails_is_counted_too(monkeypatch):
    @part("rows")
    def work() -> None:
        raise ZeroDivisionError

    now = iter([1.0, 4.0])
    monkeypatch.setattr(time, "process_time", lambda: next(now))
    with stopwatch() as seconds, pytest.raises(ZeroDivisionError):
        work()
    assert seconds["rows"] == 3.0
