"""Choosing: which encodings the records do not rule out, for a need, at a length, among those that meet the wishes.

A need is a task or a group of tasks. On each of its tasks, the verdict at `past` times L says who may be the best among
the encodings that meet the wishes, by the duels of the whole column: never more than the report shows. The shortlist
has those that may be the best on every task. Whatever the records do not tell is listed as unknown.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from benchmark.encodings import CATALOGUE as ENCODINGS
from benchmark.errors import UsageError, echo
from benchmark.reports.page.findings import Need, needs
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.wishes import Met, Wishes
from benchmark.reports.phrases import STATUSES, metric_label, qualified, seeds_of, spelled
from benchmark.reports.stats.points import arranged, overall_status
from benchmark.reports.stats.verdict import Verdict, Who
from benchmark.reports.words import Phrases, joined, later, listed, sentences, t
from benchmark.tasks import CATALOGUE as TASKS

OTHER_NAMES = {"text": "language"}  # of groups of tasks

HEADINGS = Phrases(  # of the parts of an answer, and of the columns of its shortlist
    {
        "shortlist": later("Shortlist: not ruled out as the best on any of these tasks"),
        "nobody": later("No encoding may be the best on all of these tasks at once: weigh them, task by task."),
        "evidence": later("Evidence"),
        "against": later("Not on the list"),
        "unmet": later("Left out by the constraints"),
        "warnings": later("Take care"),
        "unknown": later("Unknown"),
        "kernel": later("kernel"),
        "cached": later("KV cache"),
        "kv_bytes": later("KV bytes"),
        "operations": later("operations at 16 L"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One task at the length asked for, among the encodings that meet the wishes."""

    need: Need
    length: int
    column: Verdict  # of all encodings
    verdict: Verdict  # among those that meet the wishes

    @property
    def panel(self) -> Panel:
        """The task."""
        return self.need.panel

    @property
    def outcome(self) -> str:
        """Who may be the best, and on what evidence."""
        place, left = spelled(self.length / self.panel.train_length), self.verdict.candidates
        if not self.verdict.means:
            return t("At {place}: no encoding that meets the constraints has a value.", place=place)
        if not left:
            return t("At {place}: nothing is shown, guessing or a shortcut explains the best mean.", place=place)
        named = {"place": place, "names": joined(qualified(*who, "") for who in left)}
        if len(self.verdict.means) == 1:
            return t("At {place}: {names} is the only one measured that meets the constraints.", **named)
        if not self.verdict.rivals:
            return t("At {place}, the best of them is {names}: every other one is shown to do worse.", **named)
        more = t("The fewest more seeds that could decide it: {n}.", n=self.verdict.more_seeds)
        if len(left) == 1:
            floor = t(
                "At {place}, {names} may be the best; guessing or a shortcut explains the others that are not shown to "
                "do worse.",
                **named,
            )
            return sentences(floor, more)
        return sentences(t("At {place}, these may be the best: {names}.", **named), more)

    def against(self, who: Who) -> str:
        """Why an encoding may not be the best here; "" if it may, or was not measured."""
        task = self.panel.task
        if who in self.verdict.candidates:
            return ""
        if who in self.verdict.ruled_out:
            return t("shown to do worse on {task}", task=task)
        if who in self.verdict.explained:
            return t("explained by guessing or a shortcut on {task}", task=task)
        if who in self.verdict.means:
            return t("nothing is shown on {task}", task=task)
        status = overall_status(self._rows(who))
        if status == "missing":
            return ""
        return t("no value on {task} ({status})", task=task, status=STATUSES.get(status, status))

    def lacks(self, who: Who) -> bool:
        """True if an encoding was not measured here."""
        return self._rows(who).empty

    def _rows(self, who: Who) -> pd.DataFrame:
        rows = self.panel.own_rows(who)
        return rows[rows["length"] == self.length]

    @property
    def basis(self) -> str:
        """What it rests on."""
        spec = self.panel.task_record.spec
        selection = self.need.selection
        return t(
            "{metric}; {n} encodings, {seeds}; L = {train_length}; model: {layers} layers, width {width}, {heads} "
            "heads; {steps:,} steps of {batch} rows, {rates}; protocol {protocol}",
            metric=metric_label(self.panel.metric),
            n=len(self.column.means),
            seeds=seeds_of(len(self.panel.seeds)),
            train_length=self.panel.train_length,
            layers=spec.model.layers,
            width=spec.model.width,
            heads=spec.model.heads,
            steps=spec.budget.steps,
            batch=spec.budget.batch,
            rates=t("each encoding at its best learning rate")
            if selection.is_tuned(self.panel)
            else t("the same learning rate for all ({rate:g})", rate=spec.budget.learning_rate),
            protocol=spec.protocol,
        )


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The answer to wishes, from one selection of records."""

    selection: Selection
    asked: Mapping[str, frozenset[str]]  # the tasks of each need
    past: float
    wishes: Wishes

    @classmethod
    def of(cls, selection: Selection, needed: Sequence[str], past: float, wishes: Wishes) -> "Choice":
        """Read the needs; UsageError for an unknown one, and if the records have none of them."""
        known = {panel.task_record.spec.task.name for panel in selection.panels}
        asked = {need: _tasks(need, known) for need in needed}
        if not any(tasks & known for tasks in asked.values()):
            raise UsageError(
                f"--need is {','.join(needed)}, but these results have only {', '.join(sorted(known))}: name one of "
                "these, or results that have it (--results)"
            )
        found = cls(selection=selection, asked=asked, past=past, wishes=wishes)
        if not found.judged:
            lengths = sorted(
                {length / need.panel.train_length for need in found._needs for length in need.panel.lengths}
            )
            raise UsageError(
                f"--past is {past:g}, but these results have {', '.join(needed)} only at "
                f"{', '.join(f'{multiple:g}' for multiple in lengths)} times L: name one of these"
            )
        return found

    @cached_property
    def judged(self) -> list[Judged]:
        """Every task of the needs that was measured at the length."""
        found = []
        for need in self._needs:
            length = self.past * need.panel.train_length
            if length in need.panel.lengths:
                column = self.selection.verdict(need.panel, int(length), need.league)
                met = [who for who in column.means if self.wishes.judge(who.encoding)[0] == "met"]
                found.append(Judged(need=need, length=int(length), column=column, verdict=column.among(met)))
        return found

    @cached_property
    def shortlist(self) -> list[Who]:
        """Those that may be the best on every task judged, by the mean of their places there."""
        told = [set(each.verdict.candidates) for each in self.judged]
        left = set.intersection(*told) if told else set()
        orders = [list(each.verdict.means) for each in self.judged]
        return sorted(left, key=lambda who: (sum(order.index(who) for order in orders), who))

    @property
    def ruled_out(self) -> dict[str, str]:
        """The others that meet the wishes, and what speaks against them."""
        others = (who for who in sorted(self._measured - set(self.shortlist)) if self._met(who.encoding) == "met")
        found = {
            qualified(*who, ""): listed(filter(None, (each.against(who) for each in self.judged))) for who in others
        }
        return {name: why for name, why in found.items() if why}

    @property
    def unmet(self) -> dict[str, str]:
        """Encodings of these results that do not meet the wishes, and why."""
        judged = {who.encoding: self.wishes.judge(who.encoding) for who in self._measured}
        return {name: why for name, (met, why) in sorted(judged.items()) if met == "unmet"}

    @property
    def unknown(self) -> Iterator[str]:
        """What the records and the facts do not tell."""
        known = {panel.task_record.spec.task.name for panel in self.selection.panels}
        for need, tasks in self.asked.items():
            if not tasks & known:
                yield t("{need}: these results have no such task.", need=need)
        for who in sorted(self._measured):
            lacking = [each.panel.task for each in self.judged if each.lacks(who)]
            if lacking and self._met(who.encoding) == "met":
                yield t("{name}: not measured on {tasks}.", name=qualified(*who, ""), tasks=listed(lacking))
        judged = {each.panel.id for each in self.judged}
        for panel in (need.panel for need in self._needs if need.panel.id not in judged):
            places = listed(spelled(length / panel.train_length) for length in panel.lengths)
            yield t(
                "{task}: not measured at {place}, only at {places}.",
                task=panel.task,
                place=spelled(self.past),
                places=places,
            )
        facts = {who.encoding: self.wishes.judge(who.encoding) for who in self._measured}
        for name, (met, why) in sorted(facts.items()):
            if met == "unknown":
                yield t("{name}: whether it meets the constraints ({why}).", name=name, why=why)
        if self.unmeasured:
            yield t(
                "How good these are, which meet the constraints but were not measured on these tasks at {place}: "
                "{names}.",
                place=spelled(self.past),
                names=listed(self.unmeasured),
            )
        yield t("Whether any of this holds for larger models, longer training or other texts than those named above.")

    @cached_property
    def unmeasured(self) -> list[str]:
        """Registered encodings that meet the wishes and have no value in these columns."""
        have = {who.encoding for who in self._measured}
        numbers = ("numbers", "segments")  # offered only to tasks that have these
        return [
            entry.name
            for entry in ENCODINGS.registered.entries()
            if entry.name not in have
            and self._met(entry.name) == "met"
            and not any(entry.attributes.get(name) for name in numbers)
        ]

    @property
    def warnings(self) -> list[str]:
        """Where a leader is shown to lose in another setting, as the findings of the report say."""
        return [f"{each.panel.task}: {each.need.warning}" for each in self.judged if each.need.warning]

    @cached_property
    def _measured(self) -> set[Who]:
        """Every encoding of the judged league on these tasks, with or without a value at the length."""
        leagues = (each.panel.headline[each.panel.headline["league"] == each.need.league] for each in self.judged)
        return {Who(one, other) for rows in leagues for one, other, _ in arranged(rows)}

    def _met(self, label: str) -> Met:
        return self.wishes.judge(label)[0]

    @cached_property
    def _needs(self) -> list[Need]:
        wanted = frozenset().union(*self.asked.values())
        return [need for need in needs(self.selection) if need.panel.task_record.spec.task.name in wanted]


def _tasks(need: str, known: set[str]) -> frozenset[str]:
    """The tasks that a need stands for; UsageError for one that nobody knows."""
    if not need:
        raise UsageError(f"--need has an empty item in {echo(need)}: name tasks or groups, such as text,recall")
    if need in known:
        return frozenset((need,))
    return frozenset(TASKS.registered.members(OTHER_NAMES.get(need, need)))
