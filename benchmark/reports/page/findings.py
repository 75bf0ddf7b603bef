"""Findings: what the results say about each need of a user, in plain sentences.

A need is a task in plain words: language past L, exact distance, copying, recall by content; any other task goes by its
title. The first sentence is about the longest length. It says who is best, or may be, by how much, on how many seeds,
and how many more seeds would do. A short one about L follows where L differs. The last one warns if the leader is shown
to lose in another setting: in this folder, or in the shipped study.

Every word comes from the verdict on that task and length (`stats.verdict`); nothing is decided here. The page and the
terminal show the same sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmark.reports.page.known import known_flips
from benchmark.reports.page.robustness import Ladder, ladder_of_panel
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.sentences import NAMED, Place
from benchmark.reports.phrases import spelled
from benchmark.reports.stats.points import overall_status
from benchmark.reports.stats.verdict import Who
from benchmark.reports.tables.tasks import is_language
from benchmark.reports.words import Phrases, joined, later, listed, sentences, t

NEEDS = Phrases(  # by task, in the order of the page
    {
        "corpus": later("Language past L"),
        "offset-recall": later("Exact distance"),
        "copy": later("Copying"),
        "recall-mqar": later("Recall by content"),
    }
)


def findings(selection: Selection) -> tuple[tuple[str, str], ...]:
    """The sentences of every need, and those about encodings that end before the longest length: (name, sentences)."""
    found = [(need.name, need.finding) for need in needs(selection)]
    early = ends_early(selection)
    return (*found, (t("Ends early"), early)) if early else tuple(found)


def needs(selection: Selection) -> list["Need"]:
    """One need per panel, those of NEEDS first."""
    panels = sorted(selection.panels, key=_order)
    names = [_name(panel) for panel in panels]
    return [
        Need(
            selection=selection,
            panel=panel,
            name=name if names.count(name) == 1 else t("{task}, L = {length}", task=name, length=panel.train_length),
        )
        for panel, name in zip(panels, names, strict=True)
    ]


def ends_early(selection: Selection) -> str:
    """Who ends before the longest length of a task, each encoding named once: "learned ends at L."; "" if none does."""
    ends: dict[str, set[float]] = {}
    for panel in selection.panels:
        columns = panel.headline[["encoding", "length", "multiple", "value", "status"]]
        for name, own in columns.groupby("encoding", sort=True):
            known = own["multiple"][own["value"].notna()]
            if len(known) and overall_status(own[own["length"] == panel.lengths[-1]]) == "unsupported":
                ends.setdefault(str(name), set()).add(float(known.max()))
    by_place: dict[tuple[float, ...], list[str]] = {}
    for name, multiples in ends.items():
        by_place.setdefault(tuple(sorted(multiples)), []).append(name)
    return sentences(*(_ends_at(own, listed(map(spelled, place))) for place, own in by_place.items()))


@dataclass(frozen=True, kw_only=True)
class Need:
    """A panel as something that a user needs."""

    selection: Selection
    panel: Panel
    name: str  # in plain words

    @property
    def league(self) -> str:
        """The league that is judged: encodings that see only positions, if there are any."""
        return str(min(self.panel.headline["league"]))

    def at(self, length: int) -> "Place":
        """The verdict on it at one length, in words."""
        verdict = self.selection.verdict(self.panel, length, self.league)
        return Place(selection=self.selection, panel=self.panel, league=self.league, length=length, verdict=verdict)

    @property
    def finding(self) -> str:
        """Its sentences: at the longest length, and at L where that differs."""
        first, last = self.panel.train_length, self.panel.lengths[-1]
        far, near = self.at(last), self.at(first)
        differs = first != last and first in self.panel.lengths and near.outcome != far.outcome
        evident = far.verdict.leader is None  # nothing to say far out, so all is said about L
        at_trained = (near.sentence if evident else near.short) if differs else ""
        return sentences(far.sentence, far.without_value, at_trained, self.warning)

    @cached_property
    def warning(self) -> str:
        """Who is shown to beat the leader in another setting, at the longest length or else at L; "" if nobody is."""
        lengths = dict.fromkeys((self.panel.lengths[-1], self.panel.train_length))
        told = (text for length in lengths for text in (self._turned_here(length), self._known(length)) if text)
        return next(told, "")

    @cached_property
    def _ladder(self) -> Ladder | None:
        return ladder_of_panel(self.selection, self.panel)

    def _turned_here(self, length: int) -> str:
        """In this results folder."""
        return self._ladder.overturned(self.at(length).verdict.leader, length) if self._ladder else ""

    def _known(self, length: int) -> str:
        """In the shipped study, if the report is of one of its settings."""
        verdict = self.at(length).verdict
        multiple = length / self.panel.train_length
        for flip in known_flips():
            of_this = (flip.task, flip.setting, flip.multiple) == (self.panel.task, self.panel.setting, multiple)
            pair = [Who(name, name) for name in (flip.better, flip.than)]
            if of_this and verdict.leader == pair[0] and pair[1] in verdict.means:
                return flip.sentence(spelled(multiple))
        return ""


def _ends_at(encodings: Sequence[str], place: str) -> str:
    if len(encodings) > NAMED:
        return t("{n} encodings end at {place}.", n=len(encodings), place=place)
    if len(encodings) == 1:
        return t("{name} ends at {place}.", name=encodings[0], place=place)
    return t("{names} end at {place}.", names=joined(encodings), place=place)


def _order(panel: Panel) -> int:
    order = list(NEEDS)
    task = panel.task_record.spec.task.name
    return order.index(task) if task in order else len(order)


def _name(panel: Panel) -> str:
    """A panel as a need, with its task's label, by which tables name it."""
    task = panel.task_record.spec.task.name
    if task not in NEEDS:
        return panel.title
    past = panel.lengths[-1] > panel.train_length
    name = NEEDS[task] if past or not is_language(panel.task_record) else t("Language at L")
    return f"{name} · {panel.task}"
