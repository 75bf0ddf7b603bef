"""Cells in flight: submitted to Ray, longest first, their results written to the store as they come back.

Ray chooses the machine and waits for room. Only so many cells are submitted at a time as the cluster runs at once, and
a few more, so that a plan of 10,000 cells does not fill Ray's object store. A cell whose machine dies goes back to the
others; one whose process on a machine died every time is recorded as failed. The store's lock of a cell is held while
it is in flight, as a worker of the pool holds it.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from benchmark.errors import UsageError, first_line
from benchmark.experiments.cluster import arrival
from benchmark.experiments.cluster.folder import read_folder, write_folder
from benchmark.experiments.cluster.machines import Ask, Machine, machines, refuse_impossible
from benchmark.experiments.cluster.parcel import Packer
from benchmark.experiments.cluster.versions import difference, versions
from benchmark.experiments.executor import record_failure
from benchmark.experiments.plan import Cell
from benchmark.experiments.queue import LongestFirst
from benchmark.results.lock import locked
from benchmark.results.store import Store

SPARE = 4  # cells submitted beyond those that the cluster runs at once, so that no machine waits for the next
MOST_IN_FLIGHT = 500  # each holds a lock, and a process may open about a thousand files
MOST_CRASHES = 3  # of processes that a cell ran in
SURVEY_SECONDS = 2.0  # between looks at the machines
ANSWER_SECONDS = 180.0  # for a machine to say which versions it has
DESERTED_SECONDS = 600.0  # without any machine that could run a cell

Say = Callable[..., None]  # (event name, **data)


@dataclass
class Flight:
    """A cell that was submitted."""

    cell: Cell
    replies: Any  # Ray's generator
    held: ExitStack  # the lock of its folder


@dataclass
class Dispatch:
    """Runs cells on the cluster that Ray is connected to."""

    store: Store
    ask: Ask
    order: Mapping[str, Any]  # common to all cells: device, force, retry_since, cell_timeout
    say: Say
    abandoned: threading.Event  # nobody waits for the cells any more
    _queue: LongestFirst = field(default_factory=LongestFirst)
    _packer: Packer = field(default_factory=Packer)
    _parcel: Any = None  # Ray's reference to what travels with the cells
    _fly: Any = None  # Ray's form of `arrival.fly`
    _flights: dict[Any, Flight] = field(default_factory=dict)  # by generator
    _crashes: dict[str, int] = field(default_factory=dict)  # by key
    _busy: set[str] = field(default_factory=set)  # keys of cells that another run held at the first attempt
    _machines: list[Machine] = field(default_factory=list)
    _surveyed: float = 0.0  # when, by time.monotonic
    _peopled: float = 0.0  # when a machine could last run a cell
    _refused: set[str] = field(default_factory=set)  # machines that are left out

    def run(self, cells: Sequence[Cell]) -> None:
        """Run the cells and tell their events; raises UsageError before anything runs if a cell cannot work."""
        import ray

        self._machines = machines()
        refuse_impossible(self.ask, self._machines)
        self._compare([each for each in self._machines if each.room(self.ask)])
        packed = [self._packer.pack(cell) for cell in cells]
        self._parcel, self._fly = ray.put(vars(self._packer.parcel)), ray.remote(arrival.fly)
        self._check(packed)
        self._queue = LongestFirst(cells)
        self._peopled = time.monotonic()
        while (self._queue or self._flights) and not self.abandoned.is_set():
            self._survey()
            self._fill()
            self._wait()

    def _compare(self, found: Sequence[Machine]) -> None:
        """Refuse machines whose versions are not those of this one."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        asked = {}
        for machine in found:
            pinned = NodeAffinitySchedulingStrategy(machine.id, soft=False)
            options = {"num_cpus": 0, "max_retries": 0, "scheduling_strategy": pinned}
            asked[ray.remote(**options)(arrival.versions_here).remote()] = machine
        ready, silent = ray.wait(list(asked), num_returns=len(asked), timeout=ANSWER_SECONDS)
        if silent:
            raise ChildProcessError(
                f"{asked[silent[0]].name} did not answer for {ANSWER_SECONDS:g} seconds: remove it from the cluster"
            )
        for reference in ready:
            try:
                there = ray.get(reference)
            except ray.exceptions.RayError:  # it died since
                continue
            if there != versions():
                raise UsageError(
                    f"{asked[reference].name} has other versions: {difference(versions(), there)}; install the same"
                )

    def _check(self, packed: Sequence[str]) -> None:
        """Have one machine build every encoding and task."""
        import ray

        for _ in range(MOST_CRASHES):
            replies = self._submit({"do": "check", "cells": packed}, {})
            try:
                (reply,) = (ray.get(reference) for reference in replies)
                if "refused" in reply:
                    raise UsageError(reply["refused"])
                if "broken" in reply:
                    raise ChildProcessError(reply["broken"])
                if "machine" not in reply:
                    return
                reason = self._leave_out(reply)
            except ray.exceptions.RayTaskError as error:
                raise ChildProcessError(_one_line(error)) from error
            except ray.exceptions.RayError as error:  # the machine died
                reason = _one_line(error)
        raise ChildProcessError(f"the cells could not be checked: {reason}")

    def _submit(self, order: Mapping[str, Any], files: Mapping[str, bytes]) -> Any:
        ask, resources = self.ask, self.ask.resources
        whole = {**self.order, "threads": ask.cores, "memory_bytes": ask.memory_bytes, **order}
        options: dict[str, Any] = {
            "num_returns": "streaming",
            "max_retries": 0,  # a cell is submitted again with what came back of it
            "num_cpus": resources["CPU"],
            "memory": resources["memory"],
            "num_gpus": ask.gpus,
        }
        if self._refused:
            options["label_selector"] = {"ray.io/node-id": f"!in({','.join(sorted(self._refused))})"}
        return self._fly.options(**options).remote(versions(), whole, self._parcel, dict(files))

    def _survey(self) -> None:
        """Look at the machines now and then: some come, others go."""
        now = time.monotonic()
        if now < self._surveyed + SURVEY_SECONDS:
            return
        self._surveyed = now
        self._machines = [each for each in machines() if each.id not in self._refused]
        if any(each.room(self.ask) for each in self._machines):
            self._peopled = now
        elif now > self._peopled + DESERTED_SECONDS:
            raise ChildProcessError(
                f"for {DESERTED_SECONDS:g} seconds, no machine of the cluster could run a cell; what was computed is "
                "kept, and the same command resumes from there"
            )

    def _fill(self) -> None:
        room = sum(each.room(self.ask) for each in self._machines)
        most = min(room + SPARE, MOST_IN_FLIGHT)
        while len(self._flights) < most and (cell := self._queue.take()) is not None:
            key, held = cell.train.key, ExitStack()
            if held.enter_context(locked(self.store.folder(key), wait=False)):
                replies = self._submit(
                    {"do": "run", "cell": self._packer.pack(cell)}, read_folder(self.store.folder(key))
                )
                self._flights[replies] = Flight(cell, replies, held)
                continue
            held.close()
            self._queue.put_last(cell)
            if key in self._busy:  # the others are held by another run as well
                return
            self._busy.add(key)

    def _wait(self) -> None:
        """Wait a moment for a reply, and act on it."""
        import ray

        if not self._flights:
            time.sleep(1.0)
            return
        ready, _ = ray.wait(list(self._flights), num_returns=1, timeout=1.0, fetch_local=False)
        for replies in ready:
            flight = self._flights[replies]
            try:
                reply = ray.get(next(replies))
            except StopIteration:
                self._lose(flight, "it ended without an outcome", crashed=True)
            except ray.exceptions.RayTaskError as error:
                raise ChildProcessError(_one_line(error)) from error
            except ray.exceptions.NodeDiedError as error:
                self._lose(flight, _one_line(error), crashed=False)
            except ray.exceptions.RayError as error:
                self._lose(flight, _one_line(error), crashed=True)
            else:
                self._hear(flight, reply)

    def _hear(self, flight: Flight, reply: Mapping[str, Any]) -> None:
        if "machine" in reply:
            self._again(flight, self._leave_out(reply))
            return
        key = flight.cell.train.key
        write_folder(self.store.folder(key), reply["files"], reply["gone"])
        for event in reply["events"]:
            kind = event.pop("event")
            if kind == "done":
                seconds = event.pop("whole_seconds", None)
                if event["status"] == "ok" and seconds is not None:
                    self._queue.note(flight.cell, seconds)
                self._land(flight)
            self.say(kind, key=key, **event)

    def _leave_out(self, reply: Mapping[str, Any]) -> str:
        """Leave a machine out from now on, and say why: it came with other versions, or has a fault of its own."""
        self._refused.add(reply["machine"])
        known = machines()
        name = next((each.name for each in known if each.id == reply["machine"]), "a machine")
        why = reply.get("fault") or difference(versions(), reply["versions"])
        self._machines = [each for each in known if each.id not in self._refused]
        if not any(each.room(self.ask) for each in self._machines):
            raise ChildProcessError(f"{name}: {why}; no other machine of the cluster can run a cell")
        return f"{name} is left out: {why}"

    def _lose(self, flight: Flight, reason: str, *, crashed: bool) -> None:
        """Try a cell again whose machine or process died, unless its processes always die."""
        key = flight.cell.train.key
        self._crashes[key] = self._crashes.get(key, 0) + crashed
        if self._crashes[key] < MOST_CRASHES:
            self._again(flight, f"lost, and tried again: {reason}")
            return
        told = f"the process that ran it died {MOST_CRASHES} times: {reason}"[:500]
        record_failure(flight.cell, self.store, str(self.order["device"]), told)
        self._land(flight)
        self.say("done", key=key, status="failed", reason=told)

    def _again(self, flight: Flight, reason: str) -> None:
        self._land(flight)
        self._queue.put_first(flight.cell)
        self.say("resumed", key=flight.cell.train.key, step=0, reason=reason)

    def _land(self, flight: Flight) -> None:
        del self._flights[flight.replies]
        flight.held.close()


def _one_line(error: Exception) -> str:
    """The first sentence of an error of Ray's, or what code on a machine raised, without a traceback."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, Exception):
        return f"{type(cause).__name__}: {first_line(cause)}"
    return first_line(error).partition(". ")[0].rstrip(".")
