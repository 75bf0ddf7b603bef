"""Sentences: what a verdict says in words, at one length of one task.

Who is best, or may be; by how much, on how many seeds; how many more seeds would do; who has no value, and why. Nothing
is decided here.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmark.metrics import METRICS
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.phrases import STATUSES, metric_label, more_seeds, qualified, seeds_of, spelled
from benchmark.reports.stats.effect import Effect
from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.points import arranged, overall_status
from benchmark.reports.stats.verdict import Mark, Verdict, Who
from benchmark.reports.words import joined, language, listed, said, sentences, t

NAMED = 5  # encodings named one by one; more are counted


@dataclass(frozen=True, kw_only=True)
class Place:
    """One league at one length of a panel, and what the verdict on it says in words."""

    selection: Selection
    panel: Panel
    league: str
    length: int
    verdict: Verdict

    @property
    def sentence(self) -> str:
        """The finding with its evidence."""
        verdict, leader = self.verdict, self.verdict.leader
        if len(verdict.means) < 2:
            return self._too_few
        if leader is None:
            return self._at_the_floor
        told = {"place": self._name, "leader": self._called(leader), "metric": self._metric, "mean": self._mean(leader)}
        how = self._evidence(leader)
        match verdict.mark(leader):
            case "best":
                return t("At {place}, {leader} is best (mean {metric} {mean}): {how}.", **told, how=how)
            case "untested" if verdict.sign < 0:
                return t(
                    "At {place}, {leader} has the lowest mean {metric} ({mean}), not yet tested: {how}.",
                    **told,
                    how=how,
                )
            case "untested":
                return t(
                    "At {place}, {leader} has the highest mean {metric} ({mean}), not yet tested: {how}.",
                    **told,
                    how=how,
                )
        first = (
            t("{leader} has the lowest mean {metric} ({mean}): {how}.", **told, how=how)
            if verdict.sign < 0
            else t("{leader} has the highest mean {metric} ({mean}): {how}.", **told, how=how)
        )
        return sentences(self._among, first)

    @property
    def short(self) -> str:
        """The finding without its evidence."""
        verdict, leader = self.verdict, self.verdict.leader
        if len(verdict.means) < 2 or leader is None:
            return self.sentence
        told = {"place": self._name, "leader": self._called(leader), "mean": self._mean(leader)}
        mark = verdict.mark(leader)
        if mark == "best":
            seeds = self._seeds(leader, self._others(leader)[0])
            return t("At {place}, {leader} is best ({mean}), on {seeds}.", **told, seeds=seeds)
        if mark == "among the best":
            return self._among
        alike = self._alike(leader)
        how = [self._as_good(leader, alike)] if alike else []
        lack = language().semicolon.join([*how, *self._lack(leader, alike)])
        if verdict.sign < 0:
            return t("At {place}, {leader} has the lowest mean ({mean}), not yet tested: {lack}.", **told, lack=lack)
        return t("At {place}, {leader} has the highest mean ({mean}), not yet tested: {lack}.", **told, lack=lack)

    @property
    def outcome(self) -> tuple[tuple[Who, Mark], ...]:
        """Who has which mark, to tell whether two lengths differ."""
        return tuple(sorted((who, self.verdict.mark(who)) for who in self.verdict.candidates))

    @property
    def without_value(self) -> str:
        """Who has no value here although it does not merely end early, and why."""
        headline = self.panel.headline
        here = headline[(headline["length"] == self.length) & (headline["league"] == self.league)]
        lost = []
        for (trained_with, encoding), own in here.groupby(["trained_with", "encoding"], sort=True):
            who, status = Who(str(trained_with), str(encoding)), overall_status(own)
            anywhere = (headline["encoding"] == encoding) & (headline["trained_with"] == trained_with)
            ended = status == "unsupported" and headline[anywhere]["value"].notna().any()
            if who not in self.verdict.means and not ended:
                remark = STATUSES.get(status, status)
                lost.append(t("{name} ({remarks})", name=self._called(who), remarks=remark))
        if len(lost) > NAMED:
            return t("{n} encodings have no value there.", n=len(lost))
        return t("No value there: {names}.", names=listed(lost)) if lost else ""

    @property
    def _name(self) -> str:
        return spelled(self.length / self.panel.train_length)

    @property
    def _metric(self) -> str:
        return metric_label(self.panel.metric, with_unit=False)

    @property
    def _margin(self) -> float:
        return METRICS[self.panel.metric].margin

    @cached_property
    def _names(self) -> dict[Who, str]:
        return names(self.panel)

    def _called(self, who: Who) -> str:
        return self._names[who]

    def _listed(self, some: Sequence[Who]) -> str:
        return joined([self._called(who) for who in some])

    def _mean(self, who: Who) -> str:
        metric, mean = METRICS[self.panel.metric], self.verdict.sign * self.verdict.means[who]
        return f"{mean:z.2f}" if metric.bounded else f"{mean:z.2f} {said(metric.unit)}"

    def _others(self, leader: Who) -> list[Who]:
        """All but the leader, the runner-up first."""
        return [who for who in self.verdict.means if who != leader]

    @property
    def _too_few(self) -> str:
        """With one value or none."""
        if not self.verdict.means:
            return t("At {place}, no encoding has a value.", place=self._name)
        (only,) = self.verdict.means
        told = {"encoding": self._called(only), "metric": self._metric, "mean": self._mean(only)}
        return t("At {place}, only {encoding} has a value: mean {metric} {mean}.", place=self._name, **told)

    @property
    def _at_the_floor(self) -> str:
        floor, best = self.verdict.floor, self._mean(next(iter(self.verdict.means)))
        told = {"place": self._name, "metric": self._metric, "best": best, "chance": f"{floor.chance:.2f}"}
        if self.verdict.explanation(*self.verdict.means) == "shortcut":
            return t(
                "At {place}, a shortcut explains every mean, so nothing is best: the highest mean {metric} is {best}, "
                "and “{shortcut}” gives {value}.",
                **told,
                shortcut=said(floor.name),
                value=f"{floor.shortcut:.2f}",
            )
        if self.verdict.sign < 0:
            return t(
                "At {place}, chance explains every mean, so nothing is best: the lowest mean {metric} is {best}, and "
                "guessing gives {chance}.",
                **told,
            )
        return t(
            "At {place}, chance explains every mean, so nothing is best: the highest mean {metric} is {best}, and "
            "guessing gives {chance}.",
            **told,
        )

    @property
    def _among(self) -> str:
        """Who is among the best, and how many are not."""
        verdict, among = self.verdict, self.verdict.candidates
        if len(among) == 1:
            clauses = [t("At {place}, {names} is among the best", place=self._name, names=self._listed(among))]
        elif len(among) <= NAMED:
            clauses = [t("At {place}, {names} are among the best", place=self._name, names=self._listed(among))]
        else:
            told = {"place": self._name, "n": len(among), "all": len(verdict.means)}
            clauses = [t("At {place}, {n} of {all} encodings are among the best", **told)]
        out = len(verdict.ruled_out)
        by = Counter(verdict.explanation(who) for who in verdict.explained - verdict.ruled_out)
        if out:
            clauses.append(t("1 other is ruled out") if out == 1 else t("{n} others are ruled out", n=out))
        if n := by["chance"]:
            clauses.append(t("chance explains 1 other") if n == 1 else t("chance explains {n} others", n=n))
        if n := by["shortcut"]:
            shortcut = said(verdict.floor.name)
            clauses.append(
                t("a shortcut (“{shortcut}”) explains 1 other", shortcut=shortcut)
                if n == 1
                else t("a shortcut (“{shortcut}”) explains {n} others", shortcut=shortcut, n=n)
            )
        return t("{clauses}.", clauses=language().semicolon.join(clauses))

    def _evidence(self, leader: Who) -> str:
        """How the leader did against those next to it, and how many more seeds would do."""
        return language().semicolon.join(self._clauses(leader))

    def _clauses(self, leader: Who) -> Iterator[str]:
        alike = self._alike(leader)
        if alike:
            yield self._as_good(leader, alike)
        rest = [who for who in self._others(leader) if who not in alike]
        if rest:
            yield self._better(leader, rest[0])
        yield from self._lack(leader, alike)

    def _lack(self, leader: Who, alike: Sequence[Who]) -> Iterator[str]:
        """How many more seeds would rule out the rivals that are not alike on every seed."""
        rivals = [who for who in self.verdict.rivals if who not in alike]
        lacks = [self.verdict.duel(leader, who).more_seeds for who in rivals]
        if not lacks or min(lacks) == 0:  # 0: a rival does better on most seeds, and more of them settle nothing
            return
        first, most = lacks[0], more_seeds(max(lacks))
        if alike:
            yield t("{seeds} would do against the others, if it wins each", seeds=most)
        elif first < max(lacks):
            told = {"first": more_seeds(first), "rival": self._called(rivals[0]), "n": max(lacks)}
            yield t("{first} would do against {rival}, {n} against all, if it wins each", **told)
        else:
            yield t("{seeds} would do, if it wins each", seeds=most)

    def _alike(self, leader: Who) -> list[Who]:
        """Rivals within the margin of the leader on every seed, if the runner-up is one of them."""
        if math.isnan(self._margin):
            return []
        rivals = self.verdict.rivals
        alike = [who for who in rivals if not math.isnan(self.verdict.duel(leader, who).alike(self._margin))]
        return alike if self._others(leader)[0] in alike else []

    def _as_good(self, leader: Who, alike: Sequence[Who]) -> str:
        seeds = min(self.verdict.duel(leader, who).n for who in alike)
        share = min(self.verdict.duel(leader, who).alike(self._margin) for who in alike)
        told = {"margin": self._margin, "seeds": seeds_of(seeds), "share": share * 100}
        if len(alike) > NAMED:
            return t("{n} others are within {margin:g} of it on all of {seeds}", n=len(alike), **told)
        if len(alike) == 1:
            return t(
                "{names} is within {margin:g} of it on all of {seeds} (so on at least {share:.0f} % of all seeds, with "
                "95 % confidence)",
                names=self._listed(alike),
                **told,
            )
        return t("{names} are within {margin:g} of it on all of {seeds}", names=self._listed(alike), **told)

    def _better(self, leader: Who, other: Who) -> str:
        """On how many seeds the leader did better than another, and by how much."""
        duel = self.verdict.duel(leader, other)
        name = self._called(other)
        if duel.n == 0:
            return t("it shares no seed with {other}", other=name)
        if duel.winner == other:  # the rule is about most seeds, not about the mean
            seeds = self._seeds(other, leader)
            return t(
                "{other} does better than it on most seeds ({seeds}), but not in the mean", other=name, seeds=seeds
            )
        told = {"other": name, "seeds": self._seeds(leader, other), "effect": self._effect(leader, other)}
        return t("it did better than {other} on {seeds}, by {effect}", **told)

    def _seeds(self, leader: Who, other: Who) -> str:
        duel = self.verdict.duel(leader, other)
        told = {"wins": duel.wins, "n": duel.n}
        if duel.n == 1:
            return t("{wins} of 1 common seed", **told)
        if duel.n < len(self.panel.seeds):
            return t("{wins} of {n} common seeds", **told)
        return t("{wins} of {n} seeds", **told)

    def _effect(self, leader: Who, other: Who) -> str:
        """The median difference, positive where the leader is better, with its interval, or lowest and highest."""
        sign = self.verdict.sign
        found = self.selection.difference(self.panel, self.length, leader, other, self.league)
        low, high = sorted((sign * found.low, sign * found.high))
        turned = Estimate(value=sign * found.value, low=low, high=high, n=found.n)
        effect = Effect.of(self.verdict.duel(leader, other).differences, turned)
        text = _spread(effect)
        if abs(effect.value) < self._margin:
            return t("{effect}, less than the margin of {margin:g}", effect=text, margin=self._margin)
        return text


def names(panel: Panel) -> dict[Who, str]:
    """The encodings of a panel as sentences name them: with the base, if one was applied to several."""
    whose = [Who(trained_with, encoding) for trained_with, encoding, _ in arranged(panel.headline)]
    bases = Counter(who.encoding for who in whose)
    return {who: qualified(*who, "") if bases[who.encoding] > 1 else who.encoding for who in whose}


def _spread(effect: Effect) -> str:
    """A median difference: "0.64 (median; 95 % interval 0.60 to 0.70)"; below 6 seeds with lowest and highest."""
    digits = 2 if abs(effect.value) >= 0.1 else 3
    told = {name: f"{getattr(effect, name):z.{digits}f}" for name in ("value", "low", "high")}
    if effect.covers == "95 %":
        return t("{value} (median; 95 % interval {low} to {high})", **told)
    return t("{value} (median; lowest {low}, highest {high})", **told) if effect.covers else told["value"]
