"""One cell on a machine, without Ray: what comes back, and that it resumes where another machine was lost."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from folders import mounted, outcomes

from benchmark.experiments.cell import run_cell
from benchmark.experiments.cluster import node
from benchmark.experiments.cluster.folder import Files, read_folder, write_folder
from benchmark.experiments.cluster.parcel import Packer
from benchmark.experiments.plan import Cell, make_plan
from benchmark.experiments.request import Request
from benchmark.files import UnwritableError
from benchmark.results.store import Store

ORDER = {"device": "cpu", "threads": 1, "memory_bytes": None, "cell_timeout": None, "force": False, "retry_since": None}
(CELL,) = make_plan(Request(encodings="rope", tasks="copy", preset="smoke", seeds=(0,), multiples=(1, 2))).cells


@pytest.fixture(scope="module", autouse=True)
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder for scratch folders; the worker stays from one test to the next."""
    folder, before = tmp_path_factory.mktemp("scratch"), tempfile.tempdir
    tempfile.tempdir = str(folder)
    yield folder
    node.leave()
    tempfile.tempdir = before
    assert list(folder.iterdir()) == []


def served(order: dict[str, Any], files: Files, store: Store, cell: Cell = CELL) -> list[dict[str, Any]]:
    """The events of an order; what comes back is written to a store, as on the driver."""
    packer = Packer()
    packed = packer.pack(cell)
    cells = {"do": "check", "cells": [packed]} if order["do"] == "check" else {"cell": packed}
    events: list[dict[str, Any]] = []
    for reply in node.serve({**ORDER, **order, **cells}, vars(packer.parcel), files):
        write_folder(store.folder(cell.train.key), reply.get("files", {}), reply.get("gone", []))
        events += reply.get("events", [reply])
    return events


def test_a_cell_comes_back_whole_and_the_worker_stays(tmp_path: Path, scratch: Path) -> None:
    assert served({"do": "check"}, {}, Store(tmp_path / "a")) == [{}]
    events = served({"do": "run"}, {}, Store(tmp_path / "a"))
    kinds = [event["event"] for event in events]
    assert (kinds[0], kinds[-2:]) == ("started", ["measuring", "done"]) and kinds.count("progress") == 30
    assert events[-1]["status"] == "ok" and events[-1]["whole_seconds"] > 0
    first = node._slot
    served({"do": "run"}, {}, Store(tmp_path / "b"))
    assert node._slot is first
    assert outcomes(tmp_path / "a") == outcomes(tmp_path / "b")
    assert len(outcomes(tmp_path / "a")) == 3
    assert not list(scratch.glob("*/cells/*"))  # nothing stays on the machine


def test_a_cell_resumes_from_what_came_back_of_it(tmp_path: Path) -> None:
    stopped = Store(tmp_path / "stopped")

    def emit(event: str, step: int = 0, **_: Any) -> None:
        if event == "progress" and step == 10:
            raise RuntimeError("stop")

    assert run_cell(CELL, stopped, "cpu", emit, checkpoint_seconds=0) == "failed"
    files = read_folder(stopped.folder(CELL.train.key))
    del files["train.json"]  # a machine that dies leaves no reason
    assert list(files) == ["checkpoint.safetensors"]
    store = Store(tmp_path / "resumed")
    write_folder(store.folder(CELL.train.key), files)
    events = served({"do": "run"}, files, store)
    (resumed,) = [event for event in events if event["event"] == "resumed"]
    assert 0 < resumed["step"] < 30 and "whole_seconds" not in events[-1]
    assert "checkpoint.safetensors" not in read_folder(store.folder(CELL.train.key))
    served({"do": "run"}, {}, Store(tmp_path / "whole"))
    assert outcomes(tmp_path / "resumed") == outcomes(tmp_path / "whole")


def test_a_finished_cell_is_not_trained_again(tmp_path: Path) -> None:
    store = Store(tmp_path / "a")
    served({"do": "run"}, {}, store)
    events = served({"do": "run"}, read_folder(store.folder(CELL.train.key)), Store(tmp_path / "b"))
    assert [event["event"] for event in events] == ["started", "measuring", "done"]
    assert not (tmp_path / "b").exists() or not list(Store(tmp_path / "b").records())


def test_a_worker_that_dies_loses_its_cell_and_the_next_gets_another(tmp_path: Path, plugin: Any) -> None:
    (cell,) = make_plan(Request(encodings=plugin("kills"), tasks="copy", preset="smoke", seeds=(0,))).cells
    store = Store(tmp_path / "a")
    events = served({"do": "run"}, {}, store, cell)
    reason = "the worker died: signal 9 (killed; out of memory?)"
    assert events[-1] == {"event": "done", "status": "failed", "reason": reason}
    (record,) = store.records()
    assert (record.status, record.reason) == ("failed", reason)
    assert served({"do": "run"}, {}, store)[-1]["status"] == "ok"


def test_a_machine_whose_disk_is_full_says_so_and_records_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mounted(tmp_path / "disk", "size=48k") as disk:
        monkeypatch.setattr(tempfile, "tempdir", str(disk))
        node.leave()
        with pytest.raises(UnwritableError, match="No space left on device"):
            served({"do": "run"}, {}, Store(tmp_path / "a"))
        node.leave()
    assert not list(Store(tmp_path / "a").records())


def test_leftovers_of_killed_processes_are_removed(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(node, "FRESH_SECONDS", -1.0)
    left = scratch / f"{node.SCRATCH}left"
    (left / "cells").mkdir(parents=True)
    served({"do": "check"}, {}, Store(tmp_path / "a"))
    assert node._slot is not None
    node._sweep()
    assert not left.exists()
    assert node._slot.folder.is_dir()  # it is held
