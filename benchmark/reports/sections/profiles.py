"""Each encoding's own section: what it is, what it reached on every task, what it costs, and where to see more of it.

What is said of it against the reference rests on the tests of `verdicts.paired`, and says no more than they do.
"""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from benchmark.reports.draw.small_multiples import Backdrop, Drawn, draw
from benchmark.reports.draw.style import Style
from benchmark.reports.page.descriptions import Description, describe
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.fields import (
    cost_fields,
    listing,
    place,
    probability,
    reach_fields,
    rows_of,
    summary_fields,
    unit,
)
from benchmark.reports.page.page import Profile, Section
from benchmark.reports.page.selection import Panel, Selection, slug
from benchmark.reports.page.table import Field, Group, Table
from benchmark.reports.phrases import arrow, seeds_phrase
from benchmark.reports.sections.attention import attention_id, attention_title
from benchmark.reports.stats.against_reference import PairedTest
from benchmark.reports.tables.probes import Probe
from benchmark.reports.words import said, t

WAYS = ("better", "worse", "equivalent", "unmeasured", "one seed")  # of `paired.against`, in the order of telling


def section(selection: Selection, styles: Mapping[str, Style], probes: Sequence[Probe]) -> Section:
    """A block an encoding, folded; attention of the `probes` stands elsewhere in the page, and is linked to."""
    drawn = [Drawn.of(_backdrop(panel)) for panel in selection.panels]
    names = sorted({name for panel in selection.panels for name in panel.headline["encoding"]})
    lines = (
        t(
            "What each encoding is, what it reached and what it costs, each by itself. Open the one that you want to "
            "know, or link to it: its address ends in #encoding- and its name."
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
    note = t("{metric}, {better}", metric=unit(panel).partition(" (")[0], better=better)
    return Backdrop(title=panel.task, note=note, points=panel.points, train_length=panel.train_length)


def _profile(selection: Selection, name: str, style: Style, drawn: Sequence[Drawn], probes: Sequence[Probe]) -> Profile:
    found = describe(name)
    return Profile(
        id=f"encoding-{slug(name)}",
        name=name,
        title=said(found.title) if found else "",
        idea=found.idea if found else "",
        formula=found.formula if found else "",
        where=found.where if found else "",
        source=found.source if found else "",
        lines=(*_remarks(selection, name, found), *_against(selection, name)),
        exhibit=_exhibit(selection, name, style, drawn),
        table=_table(selection, name),
        links=tuple(_links(selection, probes)),
    )


def _remarks(selection: Selection, name: str, found: Description | None) -> Iterator[str]:
    """What must be known of an encoding before it is compared."""
    if found is None:
        yield t("It is not installed here, so that its formula and its source cannot be shown.")
    elif found.around:
        yield t("It is built around {encoding}.", encoding=found.around)
    own = selection.shown[selection.shown["encoding"] == name]
    bases = sorted(set(own["trained_with"]) - {name})
    if bases:
        yield t(
            "Applied at test time alone, to models that were trained with {encodings}: it was never trained itself.",
            encodings=", ".join(bases),
        )
    if (own["league"] != "").any():
        yield t("It reads digits, which is more than positions: it is in a league of its own, and ranked against none.")


def _against(selection: Selection, name: str) -> Iterator[str]:
    """What the tests against the reference show at the longest length of each task."""
    if not selection.compared:
        return
    if name == selection.reference:
        yield t("It is the reference that the others are compared with.")
        return
    longest = {(panel.task, panel.setting): panel.lengths[-1] for panel in selection.panels}
    rows = [
        row
        for row in selection.tests
        if row.encoding == name and row.n > 0 and row.length == longest[row.task, row.setting]
    ]
    if not rows:
        yield t("It shares no seed with {reference} at the longest lengths.", reference=selection.reference)
    for way in WAYS:
        own = [row for row in rows if row.verdict == way]
        if own:
            yield _told(way, own, selection.reference)


def _told(way: str, rows: Sequence[PairedTest], reference: str) -> str:
    sized = "; ".join(_sized(row) for row in rows)
    if way == "better":
        return t("Better than {reference} at the longest length: {tasks}.", reference=reference, tasks=sized)
    if way == "worse":
        return t("Worse than {reference} at the longest length: {tasks}.", reference=reference, tasks=sized)
    if way == "equivalent":
        return t("Equivalent to {reference} at the longest length: {tasks}.", reference=reference, tasks=sized)
    lacking = "; ".join(_lacking(row) for row in rows)
    return t(
        "Against {reference}, not shown either way at the longest length: {tasks}.", reference=reference, tasks=lacking
    )


def _sized(row: PairedTest) -> str:
    return t(
        "{task} by {difference:+.3f} [{low:+.3f}, {high:+.3f}] ({seeds} seeds, Holm p = {p})",
        task=row.task,
        difference=row.difference,
        low=row.low,
        high=row.high,
        seeds=row.n,
        p=probability(row.p_holm),
    )


def _lacking(row: PairedTest) -> str:
    return t("{task} ({note})", task=row.task, note=row.note) if row.note else row.task


def _exhibit(selection: Selection, name: str, style: Style, drawn: Sequence[Drawn]) -> Exhibit:
    rows = selection.shown[selection.shown["headline"] & (selection.shown["encoding"] == name)]
    counts = [count for panel in drawn for count in _counts(panel.backdrop.points, name)]
    tasks = ", ".join(panel.backdrop.title for panel in drawn)
    alt = t("Line charts over length of {encoding} among all encodings, on {tasks}.", encoding=name, tasks=tasks)
    caption = t(
        "Thick: {encoding}, mean and {interval} (seeds {seeds}). Grey: every other encoding. Upright: the trained "
        "length. Dashes: chance.",
        encoding=name,
        interval=seeds_phrase(counts),
        seeds=listing(rows["seed"]),
    )
    if selection.reference and name != selection.reference:
        caption = f"{caption} {t('Thin, before the grey: {reference}.', reference=selection.reference)}"
    return Exhibit(
        id=f"curves-of-{slug(name)}",
        title=name,
        alt=alt,
        caption=caption,
        models=tuple(sorted(set(rows["train_key"]))),
        measured=int(rows["eval_key"].nunique()),
        picture=draw(drawn, name, style, selection.reference, alt),
        format="svg",
    )


def _counts(points: pd.DataFrame, name: str) -> list[int]:
    return [int(count) for count in points.loc[points["encoding"] == name, "n"]]


def _table(selection: Selection, name: str) -> Table:
    """A row a task, and a row for each encoding that the models of an adapted one were trained with."""
    rows = tuple(
        (
            Field(text=panel.task, details=(t("on {encoding}", encoding=base),) if base != name else ()),
            *_reached(selection, panel, base, name),
            *cost_fields(panel, base),
        )
        for panel in selection.panels
        for base in sorted(set(panel.headline.loc[panel.headline["encoding"] == name, "trained_with"]))
    )
    return Table(
        caption=t(
            "{encoding}: mean [95 % interval] over seeds; lengths as the task counts them; speed in training.",
            encoding=name,
        ),
        columns=(
            t("task"),
            "L",
            t("longest"),
            t("ratio"),
            t("usable"),
            t("area"),
            t("parameters"),
            t("added"),
            "tokens/s",
        ),
        groups=(
            Group(title=t("what it reaches"), span=3),
            Group(title=t("how far"), span=2),
            Group(title=t("what it costs"), span=3),
        ),
        rows=rows,
    )


def _reached(selection: Selection, panel: Panel, base: str, name: str) -> Iterator[Field]:
    """Values at L and at the longest length with their ratio, the longest usable length, and the area."""
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
    """Where else in the page an encoding is seen: what is there, its id, and its heading."""
    for probe in probes:
        title = attention_title(probe)
        yield t("Attention: {model}", model=title), attention_id(probe), title
    if probes:
        yield t("Position structure"), "structure", t("Position structure")
    yield t("Encoding × length"), "heatmaps", t("Encoding × length")
    if selection.compared:
        yield t("Against the reference"), "paired", t("Against the reference")
    yield t("Cost"), "cost", t("Cost")
