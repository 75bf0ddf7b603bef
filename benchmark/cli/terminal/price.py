"""What a plan takes, in words: time on this machine's cores or on a GPU, what that rests on, and room on the disk."""

import sys
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from benchmark.cli.terminal.words import cells as counted
from benchmark.cli.terminal.words import duration, either, size
from benchmark.experiments.estimate import Estimate
from benchmark.experiments.machine import cores, default_workers, memory_share, most_workers, on_gpu
from benchmark.experiments.speed import H200, Basis, Speeds, product_rate
from benchmark.reports.words import language, later, listed, said, t

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
            return t("the time of training on {gpu} is not known", gpu=self._gpu)
        if on_gpu(self.device):
            whole = t("about {time} of training on {where}", time=_gpu_hours(now), where=self._gpu)
            return whole + self._if_capped(_gpu_hours(most))
        if self.on_ray:
            whole = t("about {time} of training on cores as fast as those here", time=_core_hours(now))
            return whole + self._if_capped(_core_hours(most))
        workers = min(self.workers or default_workers(self.device), max(1, len(self.training)))
        used = workers * max(1, cores() // (self.workers or most_workers(self.device)))
        where = t("{n} of {all} cores", n=used, all=cores())
        whole = t("about {time} of training on {where}", time=duration(now / used), where=where)
        hours = t(" ({n} core hours)", n=f"{now / HOUR:,.0f}") if now >= HOUR else ""
        held = held_to(self.device, self.workers or most_workers(self.device))
        return whole + hours + self._if_capped(duration(most / used)) + held

    def _if_capped(self, time: str) -> str:
        return t(", or {time} if every task goes to its cap", time=time) if self.capped else ""

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
            t("{source} for {cells}", source=self._source(basis), cells=counted(number))
            for basis, number in count.most_common()
        ]
        return t("time: from {sources}; evaluation comes on top", sources=language().semicolon.join(parts))

    def disk(self, free_bytes: int) -> str:
        """The room that weights and records take: "disk: about 12.3 GB, up to 31.0 GB at the caps; 66 GB are free"."""
        now = sum(own.disk_bytes for own in self.training)
        most = now + sum(own.disk_bytes for own in self.capped)
        if self.capped:
            message = later("disk: about {now}, up to {most} at the caps; {free} are free")
        else:
            message = later("disk: about {now}; {free} are free")
        return said(message).format(now=size(now), most=size(most), free=size(free_bytes))

    @property
    def _gpu(self) -> str:
        """The GPU that the time is for: that of finished cells, and the one that an assumption is about."""
        if self.speeds.kind == "mps":
            return t("an Apple GPU")
        assumed = {"NVIDIA H200"} if any(own.basis == "assumed" for own in self.training) else set()
        if not self.training:
            return t("a GPU")
        return t("one {device}", device=either(sorted(self.speeds.devices | assumed)))

    def _source(self, basis: Basis) -> str:
        """What the time of the cells with a basis comes from."""
        names = listed(sorted(self.speeds.devices))
        if basis == "measured":
            return t("what finished cells of the same task and size took ({names})", names=names)
        if basis == "scaled":
            return t("floating-point operations at the rate of finished cells of the same size ({names})", names=names)
        if self.speeds.kind == "mps":
            return t(
                "nothing (no cell of this size has finished on an Apple GPU here, and none was measured elsewhere)"
            )
        rates = [own.operations / own.seconds for own in self.training if own.basis == "assumed" and own.seconds]
        if self.speeds.kind == "cpu":
            shares = spread(rate / product_rate() for rate in rates)
            return t(
                "floating-point operations at {shares} of the rate of a matrix product here ({rate:.0f} GFLOP/s a "
                "core)",
                shares=shares,
                rate=product_rate() / 1e9,
            )
        widths = H200["float32"]
        return t(
            "floating-point operations at {rates} TFLOP/s, the rate of training steps of width {low} to {high} on an "
            "NVIDIA H200 (docs/speed.md; a wider model counts as {high}, and no cell of the same size has finished on "
            "a GPU here)",
            rates=spread(rate / 1e12 for rate in rates),
            low=min(widths),
            high=max(widths),
        )


def total(estimates: Iterable[Estimate]) -> float | None:
    """The seconds of all training; None if nothing is known of such a device."""
    seconds = [own.seconds for own in estimates]
    known = [each for each in seconds if each is not None]
    return sum(known) if len(known) == len(seconds) else None


def spread(values: Iterable[float]) -> str:
    """The lowest and the highest value: "0.36 to 0.69"; one value if they are the same."""
    texts = [f"{value:.3g}" for value in sorted(values)]
    return texts[0] if texts[0] == texts[-1] else t("{low} to {high}", low=texts[0], high=texts[-1])


def held_to(device: str, workers: int) -> str:
    """The memory limit of a worker, if there is one."""
    if on_gpu(device) or sys.platform != "linux":
        return ""
    return t(", each worker limited to {n:.1f} GB of memory", n=memory_share(workers) / 1e9)


def _gpu_hours(seconds: float) -> str:
    """The time of one GPU: "1,429 GPU hours", or "4.2 h" if there is little of it."""
    return t("{n} GPU hours", n=f"{seconds / HOUR:,.0f}") if seconds >= 10 * HOUR else duration(seconds)


def _core_hours(seconds: float) -> str:
    """The same of one core."""
    return t("{n} core hours", n=f"{seconds / HOUR:,.0f}") if seconds >= 10 * HOUR else duration(seconds)
