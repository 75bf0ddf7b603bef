"""What this machine has, and how many workers it bears: cores, memory, a GPU. No torch."""

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

WORKER_MEMORY_BYTES = 1_400_000_000  # of a worker on the quick preset with any encoding, measured (1.36e9), rounded up
OWN_GROUPS, CONTROL_GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")  # of a container or a job, on Linux


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_workers(device: str) -> int:
    """As many workers as the machine allows, and the memory that is free now."""
    return max(1, min(most_workers(device), _fitting(free_memory())))


def most_workers(device: str) -> int:
    """A worker a core on a processor, as its memory allows; one on a GPU."""
    return 1 if on_gpu(device) else max(1, min(cores(), _fitting(machine_memory())))


def on_gpu(device: str) -> bool:
    """Whether a device of this name is a GPU on this machine."""
    return device in ("cuda", "mps") or (device == "auto" and _has_nvidia())


def multiplies_bfloat16() -> bool | None:
    """Whether an x86 processor has units (AMX) for products in bfloat16; None of others, and where it is not said."""
    if platform.machine() != "x86_64":
        return None
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return None


def memory_share(workers: int) -> int:
    """Bytes of the machine's memory for each of so many workers."""
    return machine_memory() // workers


def free_memory() -> int:
    """Bytes that are free on this machine, and no more than its container may use: what that uses, nobody says."""
    return min(psutil.virtual_memory().available, machine_memory())


def machine_memory() -> int:
    """Bytes that this machine has, or that its container may use."""
    limits = [psutil.virtual_memory().total]
    for file in _container_limits():
        with suppress(OSError, ValueError):  # no such control group, or "max"
            limits.append(int(file.read_text()))
    return min(limits)


def _container_limits() -> Iterator[Path]:
    """Where Linux may say what this process's control group, and each above it, may use: in either version of them."""
    try:
        lines = OWN_GROUPS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, own = line.split(":", 2)
        if controllers in ("", "memory"):
            root = CONTROL_GROUPS / controllers
            place = root / own.lstrip("/")
            for group in (place, *place.parents):
                if group == root or root in group.parents:
                    yield group / ("memory.limit_in_bytes" if controllers else "memory.max")


def _fitting(memory_bytes: int) -> int:
    return int(memory_bytes // WORKER_MEMORY_BYTES)


def _has_nvidia() -> bool:
    return Path("/proc/driver/nvidia/version").exists()
