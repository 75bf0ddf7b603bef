"""What runs first on a machine. Ray sends this module itself, since the package there may be another one, or missing.

So it imports nothing of this project until it has compared the versions.
"""

import platform
from collections.abc import Iterator
from typing import Any


def versions_here() -> dict[str, str]:
    """The versions on this machine, as `versions.versions` gives them, or what can be said without this package."""
    try:
        from benchmark.experiments.cluster.versions import versions
    except ImportError:
        return {"Python": platform.python_version()}
    return versions()


def fly(expected: dict[str, str], order: dict[str, Any], parcel: Any, files: dict[str, bytes]) -> Iterator[Any]:
    """Run a cell and yield what `node.serve` does, or why this machine cannot: other versions, or a fault."""
    import ray

    machine, found = ray.get_runtime_context().get_node_id(), versions_here()
    if found != expected:
        yield {"machine": machine, "versions": found}
        return
    from benchmark.experiments.cluster.node import serve

    try:
        yield from serve(order, parcel, files)
    except OSError as error:  # its disk is full, or its temporary folder cannot be written
        yield {"machine": machine, "fault": f"{type(error).__name__}: {error}"}
