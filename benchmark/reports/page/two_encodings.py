"""Two encodings at every length of a task: both values, the difference seed by seed, and what the one rule says.

    values       mean over each one's own seeds, between the lowest and the highest
    difference   median of first - second over common seeds; from 6 seeds on with its 95 % interval, which counts the
                 sampling of seeds and of test rows (`Selection.difference`); below, between the lowest and the highest
    verdict      `outcomes.outcome`: of the whole column, so it is the same beside any other pair

Convention: differences are in the metric's own sign. Encodings of different leagues are not judged; their differences
have no interval.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmark.encodings import CATALOGUE
from benchmark.errors import UsageError, echo, unknown
from benchmark.metrics import METRICS
from benchmark.reports.page.outcomes import PairOutcome, outcome
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.phrases import STATUSES, more_seeds, qualified, spelled
from benchmark.reports.stats.effect import Effect
from benchmark.reports.stats.estimate import Estimate, mean_and_range
from benchmark.reports.stats.floor import Explanation, Floor
from benchmark.reports.stats.points import overall_status
from benchmark.reports.stats.verdict import Duel, Who
from benchmark.reports.words import language, said, speaking, t

MEANINGS = {  # of `PairOutcome.kind`, in exports
    "better": "first does better",
    "worse": "second does better",
    "chance": "explained by chance",
    "shortcut": "explained by a shortcut",
    "alike": "alike on every seed",
    "open": "not decided",
    "ended": "ends",
    "absent": "no common seed",
    "apart": "another league",
}


@dataclass(frozen=True, kw_only=True)
class Value:
    """One of the two at one length."""

    who: Who
    estimate: Estimate  # mean, lowest and highest seed
    status: str
    end: int  # the longest length at which it has a value; 0 if none

    @property
    def name(self) -> str:
        """Its encoding, for people."""
        return qualified(self.who.trained_with, self.who.encoding, "")


@dataclass(frozen=True, kw_only=True)
class PairAt:
    """Two encodings at one length of a panel."""

    panel: Panel
    length: int
    floor: Floor
    first: Value
    second: Value
    differences: Mapping[int, float]  # first - second by common seed
    effect: Effect  # their median
    outcome: PairOutcome
    more_seeds: int  # that could show a difference; 0 where one is shown or nothing is judged
    explanation: Explanation  # of both means
    alike: float  # with 95 %, the two are within the margin on at least this share of all seeds; NaN if one seed is not

    @property
    def multiple(self) -> float:
        """The length in multiples of the trained length."""
        return self.length / self.panel.train_length

    @cached_property
    def wins(self) -> tuple[int, int]:
        """On how many common seeds the first does better, and on how many the second."""
        sign = -1 if METRICS[self.panel.metric].lower_is_better else 1
        turned = [sign * each for each in self.differences.values()]
        return sum(each > 0 for each in turned), sum(each < 0 for each in turned)

    @property
    def better(self) -> str:
        """The one that is shown to do better on most seeds; "" while neither is."""
        return {"better": self.first.name, "worse": self.second.name}.get(self.outcome.kind, "")

    @property
    def counted(self) -> str:
        """Who does better on how many common seeds: "rope on 5 of 6"."""
        (own, other), n = self.wins, len(self.differences)
        if not n:
            return ""
        if own == other:
            return t("each on {wins} of {n}", wins=own, n=n) if own else t("neither on {n} of {n}", n=n)
        name = self.first.name if own > other else self.second.name
        return t("{name} on {wins} of {n}", name=name, wins=max(own, other), n=n)

    @property
    def said(self) -> str:
        """The verdict in a few words, with names."""
        kind, margin = self.outcome.kind, METRICS[self.panel.metric].margin
        within = "" if math.isnan(self.alike) else t("within {margin:g} on every seed", margin=margin)
        if self.better:
            limits = language().semicolon.join(part for part in (self._explained, within) if part)
            told = t("{name} does better on most seeds", name=self.better)
            return t("{name} ({remarks})", name=told, remarks=limits) if limits else told
        if kind == "alike":
            return t("alike: {within}, so on at least {share:.0f} % of all", within=within, share=100 * self.alike)
        if kind == "open":
            return t("not decided: {more} could show it", more=more_seeds(self.more_seeds))
        if kind in ("ended", "absent"):
            reasons = [why for value in (self.first, self.second) if (why := self._lacking(value))]
            return language().semicolon.join(reasons) or t("no common seed")
        if kind == "shortcut":
            return t("explained by a shortcut: {shortcut}", shortcut=said(self.floor.name))
        return t("not judged: other leagues") if kind == "apart" else t("explained by chance")

    def flat(self) -> dict[str, Any]:
        """As columns, for csv and JSON; None where there is no value."""
        sides = {"first": self.first, "second": self.second}
        with speaking("en"):
            in_english = self.said
        values = {
            f"{side}_{name}": number
            for side, value in sides.items()
            for name, number in zip(
                ("mean", "lowest", "highest", "seeds"), asdict(value.estimate).values(), strict=True
            )
        }
        row = {
            "task": self.panel.task,
            "setting": self.panel.setting,
            "metric": self.panel.metric,
            "lower_is_better": METRICS[self.panel.metric].lower_is_better,
            "chance": self.floor.chance,
            "shortcut": self.floor.shortcut,
            "shortcut_name": self.floor.name or None,
            "train_length": self.panel.train_length,
            "length": self.length,
            "multiple": self.multiple,
            "first": self.first.name,
            "second": self.second.name,
            **values,
            "common_seeds": len(self.differences),
            "first_better": self.wins[0],
            "second_better": self.wins[1],
            "difference": self.effect.value,
            "low": self.effect.low,
            "high": self.effect.high,
            "interval": self.effect.covers or None,
            "verdict": MEANINGS[self.outcome.kind],
            "better": self.better or None,
            "explained_by_chance": self.explanation == "chance",
            "explained_by_shortcut": self.explanation == "shortcut",
            "more_seeds": self.more_seeds,
            "alike_share": self.alike,
            "said": in_english,
        }
        return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}

    @property
    def _explained(self) -> str:
        """What explains both means, beside a verdict that is shown."""
        if self.explanation == "shortcut":
            return t("a shortcut explains both: {shortcut}", shortcut=said(self.floor.name))
        return t("chance explains both") if self.explanation else ""

    def _lacking(self, value: Value) -> str:
        """Why one of them has no value here; "" if it has."""
        if value.status == "ok":
            return ""
        if value.status == "unsupported" and value.end:
            place = spelled(value.end / self.panel.train_length)
            return t("{encoding} ends at {place}", encoding=value.name, place=place)
        return t("{name}: {status}", name=value.name, status=STATUSES.get(value.status, value.status))


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Two encodings on every task that both were measured on."""

    first: str  # labels
    second: str
    selection: Selection  # `comparable`
    panels: tuple[tuple[Panel, tuple[PairAt, ...]], ...]

    def rows(self) -> list[dict[str, Any]]:
        """Every task and length as columns, with the differences by seed."""
        pairs = (pair for _, own in self.panels for pair in own)
        return [{**pair.flat(), "by_seed": pair.differences} for pair in pairs]


def paired(selection: Selection, first: str, second: str) -> Paired:
    """Two encodings, named as for a run; raises UsageError if they cannot be compared."""
    known, present, folder = known_labels(first, second), set(selection.frame["encoding"]), selection.store.root
    one, two = (stored_label(name, known, present, folder) for name in (first, second))
    chosen = comparable(selection, one, two)
    panels = tuple(paired_panels(chosen, one, two))
    if not panels:
        raise UsageError(
            f"nothing to compare: {one!r} and {two!r} share no task, setting, seed and length in "
            f"{str(folder)!r}; run both alike with python -m benchmark run --encodings {one},{two}"
        )
    return Paired(first=one, second=two, selection=chosen, panels=panels)


def known_labels(first: str, second: str) -> dict[str, str]:
    """The labels of the given names that are registered or are files, by the name as typed."""
    if first == second:
        raise UsageError(f"both encodings are {echo(first)}: name two different ones")
    names = CATALOGUE.names()
    given = [name for name in (first, second) if name.partition(":")[0] in names or name.endswith(".py")]
    labels = {name: CATALOGUE.choice(name).label for name in given}
    if len(labels) == 2 and labels[first] == labels[second]:
        raise UsageError(
            f"{echo(first)} and {echo(second)} are the same encoding, {labels[first]!r}: name two different ones"
        )
    return labels


def stored_label(name: str, known: dict[str, str], present: set[str], folder: Path) -> str:
    """The label in records of an encoding as typed; raises UsageError if a folder has no results of it."""
    label = known.get(name, name)
    if label in present:
        return label
    if name in known:
        raise UsageError(
            f"no results for {label!r} in {str(folder)!r}; make some with python -m benchmark run --encodings {name}. "
            f"Available: {', '.join(sorted(present))}."
        )
    raise unknown("encoding", name, present | set(CATALOGUE.names()))


def comparable(selection: Selection, first: str, second: str) -> Selection:
    """For each task and trained length the setting that a report shows, or else the newest that both share.

    The rows hold every encoding of it. Where each encoding has its own learning rate, that counts as one setting.
    """
    table = pd.concat([selection.frame, *(main.table for main in selection.mains if main.tuned)], ignore_index=True)
    rows = table[table["headline"] & table["encoding"].isin([first, second])]
    measured = rows[rows["value"].notna()]
    pair = ["task", "train_length", "setting", "seed", "length"]
    both = measured[measured["encoding"] == first].merge(measured[measured["encoding"] == second], on=pair)
    shown = both["setting"].isin(set(selection.shown["setting"]))
    newest = both.assign(shown=shown, created=both[["created_x", "created_y"]].max(axis=1))
    kept = newest.sort_values(["shown", "created"]).drop_duplicates(["task", "train_length"], keep="last")[
        ["task", "setting"]
    ]
    return replace(selection, shown=table.merge(kept, on=["task", "setting"]))


def paired_panels(selection: Selection, first: str, second: str) -> Iterator[tuple[Panel, tuple[PairAt, ...]]]:
    """Two labels on every task of a selection; a label that was applied to several encodings gives several panels."""
    for panel in selection.panels:
        for pair in product(_bearers(panel, first), _bearers(panel, second)):
            pairs = tuple(_at(selection, panel, length, *pair) for length in panel.lengths)
            if any(each.differences for each in pairs):
                yield panel, pairs


def _bearers(panel: Panel, label: str) -> list[Who]:
    own = panel.headline[panel.headline["encoding"] == label]
    return [Who(trained_with, label) for trained_with in sorted(set(own["trained_with"]))]


def _at(selection: Selection, panel: Panel, length: int, first: Who, second: Who) -> PairAt:
    judged = outcome(selection, panel, length, first, second)
    mine, theirs = (rows[rows["length"] == length] for rows in (panel.own_rows(first), panel.own_rows(second)))
    own, other = _by_seed(mine), _by_seed(theirs)
    differences = {seed: own[seed] - other[seed] for seed in sorted(own.keys() & other.keys())}
    values = list(differences.values())
    median = float(np.median(values)) if values else math.nan
    interval = Estimate(value=median, low=math.nan, high=math.nan, n=len(values))  # none across leagues
    duel: Duel | None = None
    explanation: Explanation = ""
    if differences and judged.kind != "apart":
        league = str(mine["league"].iloc[0])
        verdict = selection.verdict(panel, length, league)
        duel, explanation = verdict.duel(first, second), verdict.explanation(first, second)
        interval = selection.difference(panel, length, first, second, league)
    return PairAt(
        panel=panel,
        length=length,
        floor=Floor.of(panel.headline[panel.headline["length"] == length]),
        first=_value(panel, length, first),
        second=_value(panel, length, second),
        differences=differences,
        effect=Effect.of(values, interval),
        outcome=judged,
        more_seeds=duel.more_seeds if duel else 0,
        explanation=explanation,
        alike=duel.alike(METRICS[panel.metric].margin) if duel else math.nan,
    )


def _value(panel: Panel, length: int, who: Who) -> Value:
    own = panel.own_rows(who)
    here, known = own[own["length"] == length], own[own["value"].notna()]
    return Value(
        who=who,
        estimate=mean_and_range(list(here["value"])),
        status=overall_status(here),
        end=int(known["length"].max()) if len(known) else 0,
    )


def _by_seed(rows: pd.DataFrame) -> dict[int, float]:
    own = rows[np.isfinite(rows["value"])]
    return {int(seed): float(value) for seed, value in zip(own["seed"], own["value"], strict=True)}
