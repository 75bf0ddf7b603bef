"""The agent: the only process that loads Ray. It gets one order as a line of JSON, and tells events in the same way.

    {"results": ..., "cells": [...], "address": ..., "ask": {...}, "device": ..., ...}
        -> {"event": "connected"}, {"event": "started", "key": ...}, ..., {"event": "finished"}
        or {"event": "refused", "reason": ...}      a mistake of the user's, or a cluster that cannot be reached
           {"event": "broken", "reason": ...}       a fault of the cluster
           {"event": "unwritable", ...}             the store cannot be written

It ends when its order stream does, with the Ray that it started.
"""

import json
import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from benchmark.errors import UsageError
from benchmark.experiments.cluster.machines import Ask, machines
from benchmark.experiments.machine import cores
from benchmark.experiments.plan import Cell
from benchmark.experiments.worker import streams, tell
from benchmark.files import UnwritableError
from benchmark.results.store import Store

REACH_SECONDS = 10.0
LEAVE_SECONDS = 15.0  # for Ray to shut down, once nobody waits for it
OWN_STORE_BYTES = 2**28  # of a Ray that is started here; larger objects go to the disk
QUIET: dict[str, Any] = {"log_to_driver": False, "configure_logging": False, "logging_level": "ERROR"}


def main() -> None:
    """Carry out the order."""
    source, channel = streams()
    order = json.loads(source.readline())
    say, abandoned = partial(tell, channel), threading.Event()
    threading.Thread(target=_watch, args=(source, abandoned), daemon=True).start()
    try:
        with _connected(order["address"]):
            say("connected")
            _dispatch(order, say, abandoned)
    except UsageError as error:
        say("refused", reason=str(error))
    except UnwritableError as error:
        say("unwritable", errno=error.errno, reason=error.strerror, file=error.filename)
    except ChildProcessError as error:
        say("broken", reason=str(error))
    else:
        say("finished")


def _watch(source: TextIO, abandoned: threading.Event) -> None:
    """Have this process end soon after its owner."""
    source.read()
    abandoned.set()
    time.sleep(LEAVE_SECONDS)
    os._exit(1)


def _dispatch(order: dict[str, Any], say: Any, abandoned: threading.Event) -> None:
    from benchmark.experiments.cluster.dispatch import Dispatch

    ask, device = _settled(Ask.model_validate(order["ask"]), order["device"])
    common = {name: order[name] for name in ("force", "retry_since", "cell_timeout")}
    store = Store(Path(order["results"]))
    dispatch = Dispatch(store, ask, {**common, "device": device}, say, abandoned)
    dispatch.run([Cell.model_validate(cell) for cell in order["cells"]])


def _settled(ask: Ask, device: str) -> tuple[Ask, str]:
    """What a cell asks for, and its device: "auto" is a GPU for each cell if the cluster has any."""
    if device == "auto" and not ask.gpus:
        device = "cuda" if any(machine.resources.get("GPU") for machine in machines()) else "cpu"
    if ask.gpus:
        device = "cuda"
    return (ask.model_copy(update={"gpus": ask.gpus or 1.0}) if device == "cuda" else ask), device


@contextmanager
def _connected(address: str | None) -> Iterator[None]:
    """A connection to the Ray at an address, or to one that is started here; raises UsageError if there is none."""
    import ray
    import ray.cloudpickle

    from benchmark.experiments.cluster import arrival

    ray.cloudpickle.register_pickle_by_value(arrival)
    with tempfile.TemporaryDirectory(prefix="ray-", dir=_short(), ignore_cleanup_errors=True) as scratch:
        try:
            with chdir(scratch):  # Ray has every machine import from the current folder, whatever lies there
                _init(address, scratch)
        except UsageError:
            raise
        except Exception as error:  # Ray raises whatever it likes
            raise UsageError(_remedied(error, address)) from error
        try:
            yield
        finally:
            ray.shutdown()


def _short() -> str | None:
    """A folder with a short name, since that of a socket in it may have at most about a hundred characters."""
    return "/tmp" if Path("/tmp").is_dir() else None


def _init(address: str | None, scratch: str) -> None:
    import ray

    if address is None:
        ray.init(
            address="local",
            num_cpus=cores(),
            object_store_memory=OWN_STORE_BYTES,
            include_dashboard=False,
            _temp_dir=scratch,
            **QUIET,
        )
    else:
        _reach(address)
        ray.init(address=address, **QUIET)


def _reach(address: str) -> None:
    """Raise UsageError if nobody listens at an address: Ray would try for minutes."""
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_SECONDS).close()
    except OSError as error:
        raise UsageError(
            f"--address {address}: no Ray head answers there ({error.strerror or error}); start one, ray start --head, "
            "or omit --address to start one here"
        ) from error


def _remedied(error: Exception, address: str | None) -> str:
    told = " ".join(str(error).split())[:300]
    if address is None:
        return f"Ray does not start on this machine: {told}"
    return (
        f"--address {address}: {told}. This machine must be part of the cluster (ray start --address={address}), with "
        "the cluster's token in ~/.ray/auth_token or RAY_AUTH_TOKEN; RAY_AUTH_MODE=disabled if the cluster has none"
    )


if __name__ == "__main__":
    main()
