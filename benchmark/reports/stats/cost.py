"""What an encoding costs: training time, and memory if it was measured.

    seconds   1,000 * training seconds / tokens trained on       mean, the lowest and the highest seed
    ratio     time of a training step / that of `none`           the timing suite's median over interleaved rounds
    memory    peak of the GPU's allocator in training, in MiB    mean, the lowest and the highest seed

Convention: the ratio is used if the suite timed every trained encoding on one device, at the length nearest to L on a
logarithmic scale. An encoding that is applied at test time costs in training what its model costs.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from benchmark.reports.stats.estimate import Estimate, mean_and_range
from benchmark.results.record import TrainRecord

WITHOUT_COUNTER = ("cpu", "mps")  # their records hold the memory of the process, which trained other models before
MIB = 2**20
AS_NONE = Estimate(value=1.0, low=1.0, high=1.0, n=0)  # the ratio of `none` to itself


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of each trained encoding."""

    kind: str  # "seconds", "ratio" or "memory"
    of: Mapping[str, Estimate]
    length: int = 0  # tokens, of a ratio
    device: str = ""  # of a ratio


def time_of(table: pd.DataFrame, timings: pd.DataFrame) -> Cost:
    """The timing suite's ratios if it has all encodings of a task, else seconds of training."""
    return ratios(timings, set(table["trained_with"]), int(table["train_length"].iloc[0])) or seconds(table)


def seconds(table: pd.DataFrame) -> Cost:
    """Seconds per 1,000 tokens of training, from rows of `metric_table` of one task."""
    models = table.drop_duplicates("train_key")
    models = models[(models["train_seconds"] > 0) & (models["trained_tokens"] > 0)]
    each = (1000 * models["train_seconds"] / models["trained_tokens"]).groupby(models["trained_with"])
    return Cost(kind="seconds", of={str(name): mean_and_range(list(own)) for name, own in each})


def ratios(timings: pd.DataFrame, encodings: set[str], train_length: int) -> Cost | None:
    """Ratios of a training step to `none`, which is 1 by definition; None if an encoding was not timed."""
    steps = timings[timings["operation"] == "training_step"]
    timed: dict[tuple[float, str, int], dict[str, Estimate]] = {}
    columns = (steps[name] for name in ("encoding", "device", "length", "ratio", "low", "high", "rounds"))
    for encoding, device, length, ratio, low, high, rounds in zip(*columns, strict=True):
        place = abs(math.log(length / train_length)), str(device), int(length)
        estimate = Estimate(value=ratio, low=low, high=high, n=int(rounds))
        timed.setdefault(place, {"none": AS_NONE})[encoding] = estimate
    whole = [place for place, of in timed.items() if encodings <= of.keys()]
    if not whole:
        return None
    nearest = min(whole)
    return Cost(kind="ratio", of=timed[nearest], device=nearest[1], length=nearest[2])


def memory_cost(trainings: Iterable[TrainRecord]) -> Cost | None:
    """Peak memory in training, in MiB, over the trained models of one task; None if no GPU counted it."""
    found: dict[str, list[float]] = {}
    for record in trainings:
        if record.peak_memory_bytes and record.environment.device not in WITHOUT_COUNTER:
            found.setdefault(record.spec.encoding.label, []).append(record.peak_memory_bytes / MIB)
    of = {name: mean_and_range(values) for name, values in sorted(found.items())}
    return Cost(kind="memory", of=of) if of else None
