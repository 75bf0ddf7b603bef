"""A worker: a process that runs one cell after another. It takes orders as lines of JSON and replies in the same way.

    {"do": "check", "cells": [...], "device": "cpu"}             -> {"event": "building", "what": ...}, ...,
                                                                    {"event": "checked"} or {"event": "refused", ...}
    {"do": "run", "cell": {...}, "device": "cpu", ...}           -> {"event": "started"}, ..., {"event": "done", ...}
                                                                    or {"event": "busy"}: another run holds the cell
                                                                    or {"event": "unwritable", ...}: its folder is

Its arguments are the results folder and its memory limit in bytes, 0 for none. A cell that needs more fails and is
recorded as such; only Linux enforces the limit.

No pickle and no shared memory: a worker can be killed at any moment, and it ends when its parent does. Once it runs,
orders and replies use descriptors of their own: whatever a plugin prints goes to stderr, never into the protocol, and
one that reads standard input fails instead of waiting for ever or taking an order.
"""

import json
import os
import queue
import sys
import threading
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from benchmark.interrupts import known_interrupts
from benchmark.standard_input import no_standard_input


def main() -> None:
    """Serve until the orders end."""
    hold(int(sys.argv[2]))
    source, channel = streams()
    orders: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_listen, args=(source, orders), daemon=True).start()
    with known_interrupts(), no_standard_input():
        _serve(orders, channel)


def _serve(orders: "queue.Queue[dict[str, Any]]", channel: TextIO) -> None:
    """Carry out one order after another; the import of torch comes first."""
    import torch

    from benchmark.errors import UsageError
    from benchmark.experiments.cell import run_cell
    from benchmark.experiments.executor import record_lost_cell
    from benchmark.experiments.plan import Cell
    from benchmark.experiments.precheck import check
    from benchmark.files import UnwritableError
    from benchmark.results.store import Store

    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    store = Store(Path(sys.argv[1]))
    tell(channel, "ready")
    while True:
        order = orders.get()
        if order["do"] == "check":
            try:
                check([Cell.model_validate(cell) for cell in order["cells"]], order["device"], partial(tell, channel))
                tell(channel, "checked")
            except UsageError as error:
                tell(channel, "refused", reason=str(error))
        else:
            cell = Cell.model_validate(order["cell"])
            key = cell.train.key

            def emit(event: str, key: str = key, **data: Any) -> None:
                tell(channel, event, key=key, **data)

            since = order["retry_since"]
            try:
                status = run_cell(
                    cell,
                    store,
                    order["device"],
                    emit,
                    force=order["force"],
                    retry_since=None if since is None else datetime.fromisoformat(since),
                    wait=order["wait"],
                )
            except UsageError as error:  # its task cannot be made
                reason = str(error)
                record_lost_cell(cell, store, order["device"], reason)
                emit("done", status="failed", reason=reason)
            except UnwritableError as error:
                emit("unwritable", errno=error.errno, reason=error.strerror, file=error.filename)
            else:
                if status is None:
                    emit("busy")
                else:
                    emit("done", status=status)


def streams() -> tuple[TextIO, TextIO]:
    """The streams of orders and of replies; whatever prints from now on goes to stderr."""
    channel = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    return os.fdopen(os.dup(0), encoding="utf-8"), channel


def hold(memory_bytes: int) -> None:
    """Limit the memory of this process: allocations beyond it fail."""
    if memory_bytes and sys.platform == "linux":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_DATA)  # set by the shell that started all this
        limit = memory_bytes if most == resource.RLIM_INFINITY else min(memory_bytes, most)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _listen(source: TextIO, orders: "queue.Queue[dict[str, Any]]") -> None:
    """Queue orders; exit as soon as the parent is gone, since finished work is on disk."""
    for line in source:
        orders.put(json.loads(line))
    os._exit(1)


def tell(channel: TextIO, event: str, **data: Any) -> None:
    """Report an event."""
    channel.write(json.dumps({"event": event, **data}) + "\n")


if __name__ == "__main__":
    main()
