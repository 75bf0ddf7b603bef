"""What a plan takes, in words: time on this machine's cores or on a GPU, what that rests on, and room on the disk."""

import sys
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from benchmark.cli.terminal.words import duration, size
from benchmark.experiments.estimate import Estimate
from benchmark.experiments.machine import cores, default_workers, memory_share, most_workers, on_gpu
from benchmark.experiments.speed import H200, Basis, Speeds, product_rate

HOUR = 3600.0
LONG = 100 * HOUR  # of one core


@dataclass(frozen=True, kw_only=True)
class Price:
    """The estimates of the cells that are to be trained, and of those that later rounds may come to."""

    device: str
    workers: int | None
    on_ray: bool = False
    speeds: Speeds
    training: Collection[Estimate]
    capped: Collection[Estimate]

    @property
    def time(self) -> str:
        """The time of all training: "about 4.2 h of training on 2 of 2 cores (8 core hours)"."""
        now, most = total(self.training), total([*self.training, *self.capped])
        if now is None or most is None:
            return f"the time of training on {self._gpu} is not known"
        if on_gpu(self.device):
            whole = f"about {_hours(now, 'GPU')} of training on {self._gpu}"
            return whole + (f", or {_hours(most, 'GPU')} if every task goes to its cap" if self.capped else "")
        if self.on_ray:
            whole = f"about {_hours(now, 'core')} of training on cores as fast as those here"
            return whole + (f", or {_hours(most, 'core')} if every task goes to its cap" if self.capped else "")
        workers = min(self.workers or default_workers(self.device), max(1, len(self.training)))
        used = workers * max(1, cores() // (self.workers or most_workers(self.device)))
        return (
            f"about {duration(now / used)} of training on {used} of {cores()} cores"
            + (f" ({now / HOUR:,.0f} core hours)" if now >= HOUR else "")
            + (f", or {duration(most / used)} if every task goes to its cap" if self.capped else "")
            + held_to(self.device, self.workers or most_workers(self.device))
        )

    @property
    def is_long(self) -> bool:
        """True if cores would take so long that a reader wants to know about a GPU."""
        now = total(self.training)
        return now is not None and not on_gpu(self.device) and now >= LONG

    @property
    def basis(self) -> str:
        """What the time rests on."""
        count = Counter(own.basis for own in self.training)
        parts = [
            f"{self._source(basis)} for {number:,} cell{'s' * (number != 1)}" for basis, number in count.most_common()
        ]
        return f"time: from {'; '.join(parts)}; evaluation comes on top"

    def disk(self, free_bytes: int) -> str:
        """The room that weights and records take: "disk: about 12.3 GB, up to 31.0 GB at the caps; 66 GB are free"."""
        now = sum(own.disk_bytes for own in self.training)
        most = now + sum(own.disk_bytes for own in self.capped)
        capped = f", up to {size(most)} at the caps" if self.capped else ""
        return f"disk: about {size(now)}{capped}; {size(free_bytes)} are free"

    @property
    def _gpu(self) -> str:
        """The GPU that the time is for: that of finished cells, and the one that an assumption is about."""
        if self.speeds.kind == "mps":
            return "an Apple GPU"
        assumed = {"NVIDIA H200"} if any(own.basis == "assumed" for own in self.training) else set()
        return f"one {' or '.join(sorted(self.speeds.devices | assumed))}" if self.training else "a GPU"

    def _source(self, basis: Basis) -> str:
        """What the time of the cells with a basis comes from."""
        names = ", ".join(sorted(self.speeds.devices))
        if basis == "measured":
            return f"what finished cells of the same task and size took ({names})"
        if basis == "scaled":
            return f"floating-point operations at the rate of finished cells of the same size ({names})"
        if self.speeds.kind == "mps":
            return "nothing (no cell of this size has finished on an Apple GPU here, and none was measured elsewhere)"
        rates = [own.operations / own.seconds for own in self.training if own.basis == "assumed" and own.seconds]
        if self.speeds.kind == "cpu":
            shares = spread(rate / product_rate() for rate in rates)
            return (
                f"floating-point operations at {shares} of the rate of a matrix product here "
                f"({product_rate() / 1e9:.0f} GFLOP/s a core)"
            )
        widths = H200["float32"]
        return (
            f"floating-point operations at {spread(rate / 1e12 for rate in rates)} TFLOP/s, the rate of training steps "
            f"of width {min(widths)} to {max(widths)} on an NVIDIA H200 (docs/speed.md; a wider model counts as "
            f"{max(widths)}, and no cell of the same size has finished on a GPU here)"
        )


def total(estimates: Iterable[Estimate]) -> float | None:
    """The seconds of all training; None if nothing is known of such a device."""
    seconds = [own.seconds for own in estimates]
    known = [each for each in seconds if each is not None]
    return sum(known) if len(known) == len(seconds) else None


def spread(values: Iterable[float]) -> str:
    """The lowest and the highest value: "0.36 to 0.69"; one value if they are the same."""
    texts = [f"{value:.3g}" for value in sorted(values)]
    return " to ".join(dict.fromkeys((texts[0], texts[-1])))


def held_to(device: str, workers: int) -> str:
    """The memory limit of a worker, if there is one."""
    if on_gpu(device) or sys.platform != "linux":
        return ""
    return f", each worker limited to {memory_share(workers) / 1e9:.1f} GB of memory"


def _hours(seconds: float, device: str) -> str:
    """The time of one device: "1,429 GPU hours", or "4.2 h" if there is little of it."""
    return f"{seconds / HOUR:,.0f} {device} hours" if seconds >= 10 * HOUR else duration(seconds)
