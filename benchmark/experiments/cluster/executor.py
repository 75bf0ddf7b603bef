"""The executor of a Ray cluster, on the side of the run: it starts the agent and passes its events on.

If the agent is lost, because the head or the machine that it is connected to has died, another takes its place as soon
as there is a cluster again, and goes on with what is left.
"""

import importlib.util
import ipaddress
import os
import secrets
import selectors
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from subprocess import TimeoutExpired
from typing import Any

from benchmark.errors import UsageError
from benchmark.experiments.cluster.machines import Ask
from benchmark.experiments.executor import Event
from benchmark.experiments.plan import Cell
from benchmark.experiments.process import WorkerProcess
from benchmark.files import UnwritableError
from benchmark.results.lock import locked
from benchmark.results.store import Store

INSTALL = "pip install 'position-benchmark[cluster]'"
BACK_SECONDS = 600.0  # for a lost cluster to come back
PAUSE_SECONDS = 5.0  # between attempts to reach it
MOST_LOSSES = 10  # of the agent, without a cell done in between
LEAVE_SECONDS = 20.0  # for the agent to leave Ray


class Lost(Exception):
    """The agent ended before its cells did; says why."""


@dataclass
class Cluster:
    """A Ray cluster, or a Ray that is started on this machine while cells run if there is no address."""

    store: Store
    address: str | None = None  # of the head: "10.0.0.1:6379"
    ask: Ask = field(default_factory=Ask)
    device: str = "auto"
    cell_timeout: float | None = None  # seconds
    _left: dict[str, Cell] = field(default_factory=dict)  # by key
    _running: set[str] = field(default_factory=set)

    def run(self, cells: Sequence[Cell], *, force: bool = False, retry_failed: bool = False) -> Iterator[Event]:
        """Run the cells and yield their events.

        Raises UsageError before anything runs if a cell cannot work; UnwritableError as soon as one cannot be stored;
        ChildProcessError if the cluster is lost and does not come back.
        """
        if not cells:
            return
        refuse_without_ray()
        with locked(self.store.folder(cells[0].train.key), wait=False):
            pass  # fails now, before Ray starts, if the folder cannot be written
        self._left, self._running = {cell.train.key: cell for cell in cells}, set()
        order = {
            **{"results": str(self.store.root), "address": self.address, "ask": self.ask.model_dump()},
            **{"device": self.device, "cell_timeout": self.cell_timeout, "force": force},
            "retry_since": datetime.now(UTC).isoformat() if retry_failed else None,
        }
        yield from self._persist(order)

    def _persist(self, order: dict[str, Any]) -> Iterator[Event]:
        """Run what is left until nothing is, with one agent after another."""
        lost: float | None = None  # when the cluster was, by time.monotonic
        losses = 0
        while self._left:
            before = len(self._left)
            try:
                for event in self._agent(order):
                    lost = None
                    yield event
            except Lost as error:
                losses = losses + 1 if len(self._left) == before else 1
                lost, why = lost or time.monotonic(), str(error)
            except (UsageError, ChildProcessError) as error:
                if lost is None:
                    raise
                why = str(error)  # the head is not back yet, or its machines are not
            else:
                continue
            if losses > MOST_LOSSES or time.monotonic() > lost + BACK_SECONDS:
                raise ChildProcessError(f"the Ray cluster was lost: {why}")
            yield from self._interrupted(why)
            time.sleep(PAUSE_SECONDS)

    def _interrupted(self, why: str) -> Iterator[Event]:
        for key in self._running:
            yield Event(kind="resumed", cell=self._left[key], reason=f"lost, and tried again: {why}")
        self._running = set()

    def _agent(self, order: dict[str, Any]) -> Iterator[Event]:
        """Run what is left with one agent; raises Lost if it dies once it was connected."""
        agent = WorkerProcess.start("benchmark.experiments.cluster.agent", [], self._environment())
        agent.send(**order, cells=[cell.model_dump(mode="json") for cell in self._left.values()])
        try:
            yield from self._events(agent)
        finally:
            _end(agent)

    def _events(self, agent: WorkerProcess) -> Iterator[Event]:
        connected = False
        with selectors.DefaultSelector() as waiting:
            waiting.register(agent.output, selectors.EVENT_READ)
            while waiting.select():
                lines = agent.lines()
                if lines is None:
                    why = agent.epitaph().replace("the worker died", "the process that loads Ray died")[:300]
                    raise Lost(why) if connected else ChildProcessError(why)
                for line in lines:
                    kind = line.pop("event")
                    connected |= kind == "connected"
                    if kind == "finished":
                        return
                    _raise(kind, line)
                    if "key" in line:
                        yield self._event(kind, **line)

    def _event(self, kind: Any, key: str, **data: Any) -> Event:
        cell = self._left[key]
        if kind == "done":
            del self._left[key]
            self._running.discard(key)
        else:
            self._running.add(key)
        return Event(kind=kind, cell=cell, **data)

    def _environment(self) -> dict[str, str]:
        """Ray's settings: tokens where it has them, no reports of usage, and loopback unless told otherwise."""
        settings = {
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": os.environ.get("RAY_AUTH_MODE", "token"),
            "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # the future default, about which Ray warns otherwise
        }
        if self.address is None:
            settings |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_worker_niceness": "0"}
        if self.address is None or _is_loopback(self.address):
            settings["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # Ray then binds to 127.0.0.1, on any system
        return settings


def refuse_without_ray() -> None:
    """Raise UsageError if Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise UsageError(f"--executor ray needs the package ray, which is not installed: {INSTALL}")


def _raise(kind: str, line: dict[str, Any]) -> None:
    if kind == "refused":
        raise UsageError(line["reason"])
    if kind == "broken":
        raise ChildProcessError(line["reason"])
    if kind == "unwritable":
        raise UnwritableError(line["errno"], line["reason"], line["file"])


def _end(agent: WorkerProcess) -> None:
    """Have the agent leave Ray, and kill it if it does not."""
    assert agent.process.stdin is not None
    with suppress(BrokenPipeError):
        agent.process.stdin.close()
    try:
        agent.process.wait(LEAVE_SECONDS)
    except TimeoutExpired:
        agent.end()
        agent.process.wait()
    agent.close()


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
