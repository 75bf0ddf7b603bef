"""What the one rule says of two encodings at one length, in words: for a field of a table or a part of a sentence.

better, worse   shown: on most seeds
chance          not shown, and chance explains both means
shortcut        not shown, and the floor explains both means, at least one only because of the best shortcut
alike           not shown, and within the margin on every common seed
open            not shown either way
ended           one of them is not defined at this length
absent          no common seed: one was not run there, or has failed
apart           of different leagues, which are not compared
"""

import math
from dataclasses import dataclass
from typing import Literal

from benchmark.metrics import METRICS
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.phrases import more_seeds, seeds_of, spelled
from benchmark.reports.stats.effect import Effect
from benchmark.reports.stats.floor import Explanation
from benchmark.reports.stats.points import overall_status
from benchmark.reports.stats.verdict import Duel, Who
from benchmark.reports.words import said, t

Kind = Literal["better", "worse", "chance", "shortcut", "alike", "open", "ended", "absent", "apart"]


@dataclass(frozen=True, kw_only=True)
class PairOutcome:
    """One encoding against another at one length, from the side of the first."""

    kind: Kind
    words: str  # the verdict in a few words
    remarks: tuple[str, ...] = ()  # what it leaves open, or how sure it is
    counted: str = ""  # "better on 5 of 6 seeds"; "" without a common seed, as the two below
    difference: float = math.nan  # the median of first - second, in the metric's own sign
    shortcut: str = ""  # the name of the best one, if it explains both means but chance does not
    spread: str = ""  # "[+0.610, +0.700]", the 95 % interval; below 6 seeds "+0.610 to +0.700", lowest and highest

    @property
    def sized(self) -> str:
        """The difference with its spread."""
        return f"{self.difference:+z.3f} {self.spread}".strip()


def outcome(selection: Selection, panel: Panel, length: int, first: Who, second: Who) -> PairOutcome:
    """The first against the second at one length of a panel."""
    leagues = {who: _league(panel, who) for who in (first, second)}
    if leagues[first] != leagues[second]:
        return PairOutcome(kind="apart", words=t("another league"))
    verdict = selection.verdict(panel, length, leagues[first])
    duel = verdict.duels.get((first, second))
    if duel is None or not duel.n:
        return _without(panel, length, first, second)
    estimate = selection.difference(panel, length, first, second, leagues[first])
    explanation, shortcut = verdict.explanation(first, second), said(verdict.floor.name)
    kind, words, remarks = _kind(duel, METRICS[panel.metric].margin, explanation, shortcut)
    return PairOutcome(
        kind=kind,
        words=words,
        remarks=remarks,
        counted=counted(duel),
        difference=estimate.value,
        shortcut=shortcut if explanation == "shortcut" else "",
        spread=_spread(Effect.of([verdict.sign * each for each in duel.differences], estimate)),
    )


def counted(duel: Duel) -> str:
    """On how many seeds the first does better, or worse if that is on more."""
    if duel.losses > duel.wins:
        return t("worse on {losses} of {n}", losses=duel.losses, n=seeds_of(duel.n))
    return t("better on {wins} of {n}", wins=duel.wins, n=seeds_of(duel.n))


def alike_on(margin: float, seeds: int, share: float) -> str:
    """How far being alike on every seed carries."""
    return t(
        "within {margin:g} on {n} of {n} seeds, so on at least {share:.0f} % of all",
        margin=margin,
        n=seeds,
        share=100 * share,
    )


def _kind(duel: Duel, margin: float, explanation: Explanation, shortcut: str) -> tuple[Kind, str, tuple[str, ...]]:
    share = duel.alike(margin)
    alike = () if math.isnan(share) else (alike_on(margin, duel.n, share),)
    explained = {
        "chance": (t("chance explains both"),),
        "shortcut": (t("a shortcut explains both: {shortcut}", shortcut=shortcut),),
        "": (),
    }[explanation]
    if duel.winner == duel.first:
        return "better", t("does better on most seeds"), (*explained, *alike)
    if duel.winner == duel.second:
        return "worse", t("does worse on most seeds"), (*explained, *alike)
    if explanation == "chance":
        return "chance", t("explained by chance"), ()
    if explanation == "shortcut":
        return "shortcut", t("explained by a shortcut: {shortcut}", shortcut=shortcut), ()
    if alike:
        return "alike", t("alike on every seed"), alike
    return "open", t("not decided"), (t("{seeds} could show it", seeds=more_seeds(duel.more_seeds)),)


def _without(panel: Panel, length: int, first: Who, second: Who) -> PairOutcome:
    for who in (first, second):
        if (end := _end(panel, who, length)) is not None:
            place = spelled(end / panel.train_length)
            words = t("ends at {place}", place=place)
            named = t("{encoding} ends at {place}", encoding=who.encoding, place=place)
            return PairOutcome(kind="ended", words=words if who == first else named)
    return PairOutcome(kind="absent", words=t("no common seed"))


def _end(panel: Panel, who: Who, length: int) -> int | None:
    """The last length that an encoding supports, if it does not support this one."""
    own = panel.own_rows(who)
    if overall_status(own[own["length"] == length]) != "unsupported":
        return None
    known = own[own["value"].notna()]["length"]
    return None if known.empty else int(known.max())


def _league(panel: Panel, who: Who) -> str:
    own = panel.own_rows(who)["league"]
    return "" if own.empty else str(own.iloc[0])


def _spread(effect: Effect) -> str:
    low, high = f"{effect.low:+z.3f}", f"{effect.high:+z.3f}"
    if effect.covers == "95 %":
        return f"[{low}, {high}]"
    return t("{low} to {high}", low=low, high=high) if effect.covers else ""
