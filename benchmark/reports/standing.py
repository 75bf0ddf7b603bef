"""What the seeds of one task have decided, and how many more the next decision takes: `run --seeds auto` asks here.

Comparisons are those of the headline metric at the trained and at the longest length, each league apart. One is decided

    if it has a winner (`stats.verdict`)
    if the floor, chance or a shortcut, explains both means: which of two failures is the better one helps nobody
    if both are alike: no difference exceeds the metric's margin, on as many seeds as a clean sweep would take

An encoding without a value at a length (it ends at L, or failed on every seed) is not compared there. What no number of
seeds below the cap can decide stays open, and gets no more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.stats.verdict import Duel, Verdict, allowed, fewest_seeds, judge
from benchmark.reports.tables.values import metric_table
from benchmark.results.store import Store


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is decided, and what is left."""

    comparisons: Mapping[int, int]  # by length
    open: Mapping[int, int]  # those left, by length; no entry where all are decided
    more: int  # further seeds that could decide the next one; 0 if none is open, or none can be decided below the cap


def standing(store: Store, left: int) -> Standing:
    """The standing of the one task that a store holds, with so many seeds left below the cap."""
    return standing_of(metric_table(store, headlines=True), left)


def standing_of(table: pd.DataFrame, left: int) -> Standing:
    """The same of rows of `metric_table`: one task, setting and metric."""
    comparisons: dict[int, int] = {}
    open_: dict[int, int] = {}
    needed: list[int] = []
    for length, verdict, margin in _columns(table):
        duels = [duel for (first, second), duel in verdict.duels.items() if first < second]
        undecided = [duel for duel in duels if not _decided(duel, verdict, margin)]
        comparisons[length] = comparisons.get(length, 0) + len(duels)
        if undecided:
            open_[length] = open_.get(length, 0) + len(undecided)
        needed += [duel.more_seeds for duel in undecided if _within_reach(duel, left)]
    return Standing(comparisons=comparisons, open=open_, more=min(needed, default=0))


def _columns(table: pd.DataFrame) -> Iterator[tuple[int, Verdict, float]]:
    """Length, verdict and margin of each column at the two lengths that count."""
    ends = table["length"].isin({*table["train_length"], table["length"].max()})
    for _, column in table[ends].groupby(["length", "league"], sort=True):
        yield int(column["length"].iloc[0]), judge(column), METRICS[str(column["metric"].iloc[0])].margin


def _decided(duel: Duel, verdict: Verdict, margin: float) -> bool:
    if duel.winner is not None or {duel.first, duel.second} <= verdict.explained:
        return True
    alike = all(abs(difference) <= margin for difference in duel.differences)
    return alike and len(duel.differences) >= fewest_seeds(len(verdict.means))


def _within_reach(duel: Duel, left: int) -> bool:
    """True if the one that leads could still win, by winning every seed up to the cap."""
    return allowed(duel.wins + duel.losses + left, duel.pairs) >= min(duel.wins, duel.losses)
