"""The cores, memory and GPU of this machine, and how many workers they allow. No torch."""

import os
import platform
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

WORKER_MEMORY_BYTES = 1_400_000_000  # of a worker on the quick preset with any encoding: 1.36e9 measured, rounded up
OWN_GROUPS, CONTROL_GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")  # of a container or a job, on Linux


def cores() -> int:
    """The number of processor cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_workers(device: str) -> int:
    """The most workers that the machine and its currently free memory allow."""
    return max(1, min(most_workers(device), _fitting(free_memory())))


def most_workers(device: str) -> int:
    """One worker per core on a CPU, as far as the machine's memory allows; one on a GPU."""
    return 1 if on_gpu(device) else max(1, min(cores(), _fitting(machine_memory())))


def on_gpu(device: str) -> bool:
    """True if a device name means a GPU on this machine."""
    return device in ("cuda", "mps") or (device == "auto" and _has_nvidia())


def multiplies_bfloat16() -> bool | None:
    """True if an x86 CPU has units (AMX) for bfloat16 products; None for other CPUs, or if the system does not say."""
    if platform.machine() != "x86_64":
        return None
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return None


def memory_share(workers: int) -> int:
    """Each worker's share of the machine's memory, in bytes."""
    return machine_memory() // workers


def free_memory() -> int:
    """Free memory in bytes, at most the limit of the container; what the container uses already is unknown."""
    return min(psutil.virtual_memory().available, machine_memory())


def machine_memory() -> int:
    """Memory of this machine, or the limit of its container, in bytes."""
    limits = [psutil.virtual_memory().total]
    for file in _container_limits():
        with suppress(OSError, ValueError):  # no such control group, or "max"
            limits.append(int(file.read_text()))
    return min(limits)


def _container_limits() -> Iterator[Path]:
    """Files where Linux may state the memory limit of this process's control group and those above it (v1 or v2)."""
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
