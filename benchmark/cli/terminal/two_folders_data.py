"""Two results folders or reports for programs: `compare --display json` and compare.csv."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmark.metrics import METRICS

if TYPE_CHECKING:
    from benchmark.reports.compare.changes import Change, Comparison
    from benchmark.reports.compare.snapshot import Snapshot
    from benchmark.reports.stats.effect import Effect


def as_csv(changes: "Sequence[Change]") -> bytes:
    """Every comparison as one csv line."""
    import pandas as pd

    return pd.DataFrame([_flat(change) for change in changes]).to_csv(index=False).encode()


def as_json(
    paths: tuple[Path, Path], sides: "tuple[Snapshot, Snapshot]", found: "Comparison", margin: float | None, worse: int
) -> dict[str, Any]:
    """The whole comparison as JSON shows it."""
    first, second = (
        {"path": path, "models": len(side.models), "environments": [place.model_dump() for place in side.environments]}
        for path, side in zip(paths, sides, strict=True)
    )
    return {
        "first": first,
        "second": second,
        "margins": {name: metric.margin for name, metric in METRICS.items() if metric.margin == metric.margin}
        if margin is None
        else margin,
        "comparisons": found.family,
        "fewest_seeds": found.fewest,
        "regressions": worse,
        "counts": Counter(change.verdict for change in found.changes),
        "changes": [{**_flat(change), "regression": change.regressed(margin)} for change in found.changes],
        "not_compared": [asdict(obstacle) for obstacle in found.obstacles],
        "changed_sources": found.sources,
        "training_time": [{"encoding": each.encoding, **_measured(each.ratio, "ratio")} for each in found.speed],
    }


def _flat(change: "Change") -> dict[str, Any]:
    """A change as columns; None where there is no value."""
    duel = change.duel
    return {
        "task": change.task,
        "trained_with": change.trained_with,
        "encoding": change.encoding,
        "train_length": change.train_length,
        "length": change.length,
        "metric": change.metric,
        "first": _known(change.first),
        "second": _known(change.second),
        **_measured(change.effect, "difference"),
        "first_better": duel.wins,
        "second_better": duel.losses,
        "more_seeds": duel.more_seeds if any(change.differences) else None,
        "lost": change.lost,
        "gained": change.gained,
        "same_machine": change.same_machine,
        "verdict": change.verdict,
    }


def _measured(effect: "Effect", name: str) -> dict[str, Any]:
    """A median with its ends, what they are, and how many pairs are behind it."""
    ends = {"low": _known(effect.low), "high": _known(effect.high), "interval": effect.covers or None}
    return {name: _known(effect.value), **ends, "pairs": effect.n}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
