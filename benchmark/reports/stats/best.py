"""Which encodings may be the best: all that are not shown to be worse than the best mean.

    ruled out   p < .05 / (k - 1) and a worse mean,   p: sign flips of the seed-by-seed difference to the best mean

Of k encodings, one that is truly best is ruled out with a probability of at most 5 %: the one with the best mean is one
of its k - 1 rivals, and against each of them it is called worse with a probability of at most .05 / (k - 1). The best
mean may thus be picked from the same data. Nothing is said about the order of those that are left.

Source: the idea of a subset that holds the best is Gupta 1965, Technometrics 7; here with Bonferroni and sign flips.
Convention: Bonferroni and not Holm, whose later steps would depend on which others were ruled out before. An encoding
without a common seed is not ruled out.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmark.reports.stats.against_reference import fewest_seeds
from benchmark.reports.stats.estimate import LEVEL, Floats
from benchmark.reports.stats.points import WHO
from benchmark.reports.stats.resampling import sign_flip_p


@dataclass(frozen=True, kw_only=True)
class Contest:
    """Which rivals of the best mean are ruled out as the best."""

    best: tuple[str, str]  # trained with, encoding
    rivals: int  # others with a value
    seeds: int  # the most that any of them shares with the best
    ruled_out: tuple[tuple[str, str], ...]

    @property
    def decidable(self) -> bool:
        """True if so many seeds can rule anything out."""
        return self.rivals > 0 and self.seeds >= fewest_seeds(self.rivals)


def contest(group: pd.DataFrame, seed: int = 0) -> Contest | None:
    """The contest among rows of one task, setting, metric and length; None if nothing was measured."""
    wide = group.pivot(index=WHO, columns="seed", values="value").astype(float)
    wide = wide.where(np.isfinite(wide)).dropna(how="all")
    if wide.empty:
        return None
    lower_is_better = bool(group["lower_is_better"].iloc[0])
    costs = wide.to_numpy() if lower_is_better else -wide.to_numpy()
    best = int(np.nanmean(costs, axis=1).argmin())
    names = [(str(trained_with), str(encoding)) for trained_with, encoding in wide.index]
    excess = np.delete(costs - costs[best], best, axis=0)
    out = _ruled_out(excess, seed)
    others = [name for index, name in enumerate(names) if index != best]
    return Contest(
        best=names[best],
        rivals=len(others),
        seeds=int((~np.isnan(excess)).sum(axis=1).max(initial=0)),
        ruled_out=tuple(name for name, lost in zip(others, out, strict=True) if lost),
    )


def _ruled_out(excess: Floats, seed: int) -> list[bool]:
    """For each rival's costs above those of the best [rivals, seeds], NaN where either has none."""
    level = LEVEL / max(1, len(excess))
    rows = [row[~np.isnan(row)][None] for row in excess]
    return [row.size > 0 and row.mean() > 0 and bool(sign_flip_p(row, seed)[0] < level) for row in rows]
