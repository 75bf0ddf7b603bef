"""The section "Encodings one by one": what each encoding is, its results on every task, its cost, and links to more.

What it says about an encoding against the reference comes from the one rule (`page.outcomes`) and claims no more.
"""

from collections.abc import Iterator, Sequence

import pandas as pd

from benchmark.reports.draw.small_multiples import Backdrop, Drawn, draw
from benchmark.reports.draw.style import Style, Styles
from benchmark.reports.page.descriptions import Description, describe
from benchmark.reports.page.exhibit import Exhibit, models_behind, records_behind
from benchmark.reports.page.fields import (
    cost_fields,
    listing,
    place,
    reach_fields,
    rows_of,
    summary_fields,
)
from benchmark.reports.page.outcomes import Kind, PairOutcome, outcome
from benchmark.reports.page.page import Profile, Section
from benchmark.reports.page.selection import Panel, Selection, slug
from benchmark.reports.page.table import Field, Group, Table
from benchmark.reports.phrases import LEAGUES, arrow, curve_key, metric_label
from benchmark.reports.sections.attention import attention_id, attention_title
from benchmark.reports.stats.floor import shortcut_line
from benchmark.reports.stats.verdict import Who
from benchmark.reports.tables.probes import Probe
from benchmark.reports.words import language, listed, said, sentences, t

WAYS: tuple[Kind, ...] = (
    "better",
    "worse",
    "alike",
    "chance",
    "shortcut",
    "open",
    "ended",
)  # in the order of the sentences


def section(selection: Selection, styles: Styles, probes: Sequence[Probe]) -> Section:
    """A folded block per encoding; the attention of the `probes` is elsewhere in the page, and linked to."""
    drawn = [Drawn.of(_backdrop(panel)) for panel in selection.panels]
    names = sorted({name for panel in selection.panels for name in panel.headline["encoding"]})
    lines = (
        t(
            "What each encoding is, how well it did and what it costs. Open an encoding to read about it, or link to "
            "it: its address ends in #encoding- and its name."
        ),
    )
    return Section(
        id="encodings",
        title=t("Encodings one by one"),
        lines=lines if names else (t("Nothing was measured, so there is no encoding to show."),),
        profiles=tuple(
            _profile(selection, name, styles[name], drawn, [probe for probe in probes if probe.encoding == name])
            for name in names
        ),
    )


def _backdrop(panel: Panel) -> Backdrop:
    better = arrow(lower_is_better=bool(panel.headline["lower_is_better"].iloc[0]))
    note = t("{metric}, {better}", metric=metric_label(panel.metric, with_unit=False), better=better)
    return Backdrop(title=panel.task, note=note, points=panel.points, train_length=panel.train_length)


def _profile(selection: Selection, name: str, style: Style, drawn: Sequence[Drawn], probes: Sequence[Probe]) -> Profile:
    found = describe(name)
    return Profile(
        id=f"encoding-{slug(name)}",
        name=name,
        title=said(found.title) if found else "",
        idea=said(found.idea) if found else "",
        formula=found.formula if found else "",
        where=said(found.where) if found and found.where else "",
        source=found.source if found else "",
        lines=(*_remarks(selection, name, found), *_against(selection, name)),
        exhibit=_exhibit(selection, name, style, drawn),
        table=_table(selection, name),
        links=tuple(_links(selection, probes)),
    )


def _remarks(selection: Selection, name: str, found: Description | None) -> Iterator[str]:
    """Caveats that apply to any comparison with this encoding."""
    if found is None:
        yield t("It is not installed here, so its formula and source cannot be shown.")
    elif found.around:
        yield t("It is built around {encoding}.", encoding=found.around)
    own = selection.shown[selection.shown["encoding"] == name]
    bases = sorted(set(own["trained_with"]) - {name})
    if bases:
        yield t(
            "Applied only at test time, to models trained with {encodings}; it was never trained itself.",
            encodings=listed(bases),
        )
    for league in sorted(set(own["league"]) - {""}):
        yield t(
            "It {reads}, which is more than positions, so it is in a league of its own and not ranked with others.",
            reads=LEAGUES.get(league, league),
        )


def _against(selection: Selection, name: str) -> Iterator[str]:
    """Put into words what the one rule shows against the reference at the longest length of each task."""
    if not selection.compared:
        return
    reference = Who(selection.reference, selection.reference)
    if name == selection.reference:
        yield t("It is the reference that the others are compared with.")
        return
    found = [
        (panel.task, outcome(selection, panel, panel.lengths[-1], Who(base, name), reference))
        for panel in selection.panels
        for base in sorted(set(panel.headline.loc[panel.headline["encoding"] == name, "trained_with"]))
    ]
    if not any(each.kind in WAYS for _, each in found):
        yield t("It shares no seed with {reference} at the longest lengths.", reference=selection.reference)
    for way in WAYS:
        own = [(task, each) for task, each in found if each.kind == way]
        if own:
            yield _told(way, own, selection.reference)


def _told(way: Kind, found: Sequence[tuple[str, PairOutcome]], reference: str) -> str:
    facts = {
        "reference": reference,
        "tasks": language().semicolon.join(_sized(task, each) for task, each in found),
    }
    if way == "better":
        return t("Does better than {reference} on most seeds at the longest length: {tasks}.", **facts)
    if way == "worse":
        return t("Does worse than {reference} on most seeds at the longest length: {tasks}.", **facts)
    if way == "alike":
        return t("Alike with {reference} on every seed at the longest length: {tasks}.", **facts)
    if way == "chance":
        return t("At the longest length, chance explains it and {reference}: {tasks}.", **facts)
    if way == "shortcut":
        return t("At the longest length, a shortcut explains it and {reference}: {tasks}.", **facts)
    if way == "ended":
        return t("Not compared with {reference} at the longest length: {tasks}.", **facts)
    return t("Against {reference}, not decided at the longest length: {tasks}.", **facts)


def _sized(task: str, found: PairOutcome) -> str:
    """A task with what is known there: "copy by +0.640 [+0.600, +0.680] (better on 8 of 8 seeds)"."""
    if found.kind == "ended":
        return t("{name} ({remarks})", name=task, remarks=found.words)
    if found.kind == "chance":
        return task
    if found.kind == "shortcut":
        return t("{name} ({remarks})", name=task, remarks=found.shortcut)
    remarks = language().semicolon.join((found.counted, *found.remarks))
    return t("{task} by {size} ({remarks})", task=task, size=found.sized, remarks=remarks)


def _exhibit(selection: Selection, name: str, style: Style, drawn: Sequence[Drawn]) -> Exhibit:
    rows = selection.shown[selection.shown["headline"] & (selection.shown["encoding"] == name)]
    counts = [count for panel in drawn for count in _counts(panel.backdrop.points, name)]
    tasks = listed(panel.backdrop.title for panel in drawn)
    alt = t("Line charts over length: {encoding} among all encodings, on {tasks}.", encoding=name, tasks=tasks)
    caption = t(
        "Thick: {encoding}; {key} (seeds {seeds}). Grey: all other encodings. Vertical line: the trained length. "
        "Dashed: chance.",
        encoding=name,
        key=curve_key(counts),
        seeds=listing(rows["seed"]),
    )
    if shortcuts := list(_shortcuts(drawn)):
        caption = sentences(
            caption, t("Dash-dotted: the best shortcut ({names}).", names=language().semicolon.join(shortcuts))
        )
    if selection.reference and name != selection.reference:
        caption = sentences(caption, t("Thin line in front of the grey: {reference}.", reference=selection.reference))
    return Exhibit(
        id=f"curves-of-{slug(name)}",
        title=name,
        alt=alt,
        caption=caption,
        models=models_behind(rows),
        measured=records_behind(rows),
        picture=draw(drawn, name, style, selection.reference, alt),
        format="svg",
    )


def _shortcuts(drawn: Sequence[Drawn]) -> Iterator[str]:
    """The shortcuts that are drawn, by task."""
    for panel in drawn:
        if line := shortcut_line(panel.backdrop.points):
            names = listed(map(said, line.names))
            yield t("{task}: {shortcut}", task=panel.backdrop.title, shortcut=names)


def _counts(points: pd.DataFrame, name: str) -> list[int]:
    return [int(count) for count in points.loc[points["encoding"] == name, "n"]]


def _table(selection: Selection, name: str) -> Table:
    """One row per task; for an adapted encoding, one per task and encoding that its models were trained with.

    A checkpoint's training has no cost here.
    """
    costs = not language().documents
    rows = tuple(
        (
            Field(text=panel.task, details=(t("on {encoding}", encoding=base),) if base != name else ()),
            *_reached(selection, panel, base, name),
            *(cost_fields(panel, base) if costs else ()),
        )
        for panel in selection.panels
        for base in sorted(set(panel.headline.loc[panel.headline["encoding"] == name, "trained_with"]))
    )
    return Table(
        caption=t(
            "{encoding}: mean [lowest and highest seed], usable length [95 % interval]; lengths in the task's own "
            "unit; speed in training.",
            encoding=name,
        ),
        columns=(
            t("task"),
            "L",
            t("longest"),
            t("ratio"),
            t("usable"),
            t("area"),
            *((t("parameters"), t("added"), t("tokens/s")) if costs else ()),
        ),
        groups=(
            Group(title=t("results"), span=3),
            Group(title=t("how far"), span=2),
            *((Group(title=t("cost"), span=3),) if costs else ()),
        ),
        rows=rows,
    )


def _reached(selection: Selection, panel: Panel, base: str, name: str) -> Iterator[Field]:
    """Values at L and at the longest length, their ratio, the longest usable length, and the area."""
    summary = [row for row in rows_of(panel, selection.summary) if (row.trained_with, row.encoding) == (base, name)]
    at_trained, at_longest, ratio = summary_fields(summary[0] if summary else None)
    yield Field(
        text=at_trained.text, details=(place(panel, panel.train_length), *at_trained.details), mark=at_trained.mark
    )
    yield Field(
        text=at_longest.text, details=(place(panel, panel.lengths[-1]), *at_longest.details), mark=at_longest.mark
    )
    yield ratio
    reach = [row for row in rows_of(panel, selection.reach) if (row.trained_with, row.encoding) == (base, name)]
    yield from reach_fields(reach[0] if reach else None, len(panel.seeds))


def _links(selection: Selection, probes: Sequence[Probe]) -> Iterator[tuple[str, str, str]]:
    """Other places in the page that show the encoding: link text, id, heading."""
    for probe in probes:
        title = attention_title(probe)
        yield t("Attention: {model}", model=title), attention_id(probe), title
    if probes:
        yield t("Position structure"), "structure", t("Position structure")
    yield t("Encoding × length"), "heatmaps", t("Encoding × length")
    if selection.compared:
        yield t("Against the reference"), "paired", t("Against the reference")
    if not language().documents:
        yield t("Cost"), "cost", t("Cost")
