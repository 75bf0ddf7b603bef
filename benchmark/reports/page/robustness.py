"""Whether the conclusions of a task hold in its other settings: orders, leaders and pairs that swap, in words and data.

Everything is judged by the one rule, in each setting by itself, at the trained length and at the longest length that
all settings were measured at. Encodings that know more than positions are left out, as in the findings.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.sentences import names
from benchmark.reports.page.variations import Variation
from benchmark.reports.page.views import View
from benchmark.reports.phrases import spelled
from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.order import Swap, agreement, swaps
from benchmark.reports.stats.verdict import Verdict, Who, judge
from benchmark.reports.words import joined, sentences, t

SAME = 1.0  # tau of equal orders


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One view of a task's ladder."""

    view: View
    variation: Variation

    @cached_property
    def headline(self) -> pd.DataFrame:
        """The rows of the headline metric that are compared."""
        table = self.view.table
        here: pd.DataFrame = table[table["headline"] & (table["league"] == min(table["league"]))]
        return here

    @property
    def seeds(self) -> int:
        """Seeds of its grid."""
        return int(self.headline["seed"].nunique())

    @property
    def lengths(self) -> set[int]:
        """Every length of its grid."""
        return set(self.headline["length"].astype(int))

    def verdict(self, length: int) -> Verdict:
        """The verdict at a length."""
        if length not in self._verdicts:
            rows = self.headline[self.headline["length"] == length]
            self._verdicts[length] = judge(rows) if len(rows) else Verdict(means={}, duels={})
        return self._verdicts[length]

    @cached_property
    def _verdicts(self) -> dict[int, Verdict]:
        return {}


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """A panel's main view and the other views of its ladder."""

    panel: Panel
    main: Setting
    others: tuple[Setting, ...]

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """The trained length and the longest that all settings have; one or none if they share no more."""
        shared = set.intersection(*(setting.lengths for setting in (self.main, *self.others)))
        ends = {self.panel.train_length, max(shared, default=self.panel.train_length)}
        return tuple(sorted(ends & shared))

    @cached_property
    def called(self) -> dict[Who, str]:
        """The encodings as sentences name them."""
        return names(self.panel)

    def place(self, length: int) -> str:
        """A length in words: "16 L"."""
        return spelled(length / self.panel.train_length)

    def agreement(self, other: Setting, length: int) -> Estimate:
        """Kendall's tau of another setting against the main one."""
        return agreement(self.main.verdict(length), other.verdict(length))

    def swaps(self, other: Setting, length: int) -> tuple[Swap, ...]:
        """The pairs that change places."""
        return swaps(self.main.verdict(length), other.verdict(length))

    @property
    def finding(self) -> str:
        """Whether the order holds, in a sentence for each length."""
        return sentences(*(self._at(length) for length in self.lengths))

    def overturned(self, leader: Who | None, length: int) -> str:
        """A sentence on who is shown to beat the leader of the main setting elsewhere; "" if nobody is."""
        if leader is None or length not in self.lengths:
            return ""
        for other in self.others:
            shown = (swap for swap in self.swaps(other, length) if swap.shown and swap.before == leader)
            if winners := [self.called[swap.after] for swap in shown]:
                return _overturned(other.variation, winners, self.called[leader], self.place(length))
        return ""

    def _at(self, length: int) -> str:
        verdict = self.main.verdict(length)
        if verdict.means and verdict.leader is None:
            if verdict.explanation(*verdict.means) == "shortcut":
                return t("At {place}, a shortcut explains every mean in the main setting.", place=self.place(length))
            return t("At {place}, chance explains every mean in the main setting.", place=self.place(length))
        taus = [(self.agreement(other, length).value, other) for other in self.others]
        known = [(tau, other) for tau, other in taus if tau == tau]
        differs = [(tau, other) for tau, other in known if tau < SAME]
        told = {"place": self.place(length), "n": len(known)}
        if not known:
            return t("At {place}, no order can be compared.", place=self.place(length))
        if not differs:
            return (
                t("At {place}, the means have the same order in both settings.", place=self.place(length))
                if len(known) == 1
                else t("At {place}, the means have the same order in the main setting and {n} others.", **told)
            )
        tau, lowest = min(differs, key=lambda pair: pair[0])
        how = {"tau": f"{tau:z.2f}", "how": lowest.variation.words}
        first = (
            t("At {place}, the means have another order with {how} (tau {tau}).", place=self.place(length), **how)
            if len(known) == 1
            else t(
                "At {place}, the means have another order in {k} of {n} other settings (lowest tau {tau}, with {how}).",
                k=len(differs),
                **told,
                **how,
            )
        )
        return sentences(first, self._shown(length))

    def _shown(self, length: int) -> str:
        """How many pairs are shown to swap, over all settings."""
        pairs = {
            frozenset((swap.before, swap.after))
            for other in self.others
            for swap in self.swaps(other, length)
            if swap.shown
        }
        if not pairs:
            return t("No pair is shown to swap.")
        return t("1 pair is shown to swap.") if len(pairs) == 1 else t("{n} pairs are shown to swap.", n=len(pairs))


def ladders(selection: Selection) -> list[Ladder]:
    """The ladder of every panel that has more than one setting."""
    return [ladder for panel in selection.panels for ladder in _ladder(selection, panel)]


def ladder_of_panel(selection: Selection, panel: Panel) -> Ladder | None:
    """The ladder of a panel; None if it has only one setting."""
    return next(_ladder(selection, panel), None)


def _overturned(variation: Variation, winners: list[str], leader: str, place: str) -> str:
    """A sentence: "With 5 times the steps, alibi does better than rope at 16 L."."""
    told = {"how": variation.words, "other": leader, "place": place}
    if len(winners) == 1:
        return t("With {how}, {name} does better than {other} at {place}.", name=winners[0], **told)
    return t("With {how}, {names} do better than {other} at {place}.", names=joined(winners), **told)


def _ladder(selection: Selection, panel: Panel) -> Iterator[Ladder]:
    main = selection.main(panel)
    others = [Setting(view=view, variation=_between(main, view)) for view in selection.others(main)]
    if others:
        yield Ladder(
            panel=panel,
            main=Setting(view=main, variation=Variation()),
            others=tuple(sorted(others, key=_order)),
        )


def _between(main: View, other: View) -> Variation:
    return Variation.between(main.spec, other.spec, main_tuned=main.tuned, tuned=other.tuned)


def _order(setting: Setting) -> tuple[object, ...]:
    """Settings that differ in the fewest ways first, then by model, steps and rate."""
    model, budget = setting.view.spec.model, setting.view.spec.budget
    return (
        setting.variation.size,
        *(model.width, model.layers, model.heads, model.mixing),
        *(budget.steps, not setting.view.tuned, budget.learning_rate),
    )
