"""The section "Inside the models": entropy of attention, position in the residual stream, what scores are due to.

Only where a run was asked to look (`--mechanism`). First and last layer are drawn; the CSV of a figure has all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.emphasis import emphasised
from benchmark.reports.draw.factors import Level
from benchmark.reports.draw.mechanism import MechanismPanel, mechanism
from benchmark.reports.draw.style import Styles
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.fields import listing, place, value_field
from benchmark.reports.page.numbers import look_data
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.table import Field, Group, Table
from benchmark.reports.phrases import NOTHING, curve_key
from benchmark.reports.stats.estimate import mean_and_range
from benchmark.reports.tables.mechanism import mechanism_table
from benchmark.reports.words import listed, t


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What one measure shows of a task."""

    panel: Panel
    rows: pd.DataFrame  # of `mechanism_table`, one measure
    id: str
    title: str
    alt: str
    drawn: tuple[MechanismPanel, ...]


def section(selection: Selection, styles: Styles) -> Section | None:
    """Figures of what the models do inside; None if nobody looked."""
    table = selection.of_panels(mechanism_table(selection.store))
    if table.empty:
        return None
    exhibits = []
    for panel in selection.panels:
        own = table[(table["task"] == panel.task) & (table["setting"] == panel.setting)]
        weighted = emphasised(styles, panel.points, selection.reference)
        exhibits += [_exhibit(shown, weighted) for shown in _measures(panel, own)]
    return Section(id="mechanism", title=t("Inside the models"), lines=_lines(), exhibits=tuple(exhibits))


def _lines() -> tuple[str, ...]:
    """How to read the figures of a task."""
    return (
        t(
            "What the models do inside, on rows of the evaluation: how spread out their attention is, whether the "
            "residual stream holds the position, and how much of the attention scores follows position. None of this "
            "is a score, but it can help to explain one. Figures over length show the first and the last layer; their "
            "CSV has all layers."
        ),
        t(
            "Entropy: how spread out attention is, for the queries in the last half of each row, as a mean over heads. "
            "Dashed: uniform attention to all visible keys, the logarithm of their number. A curve close to it looks "
            "nowhere in particular; one that stays level while it rises keeps looking at as few keys."
        ),
        t(
            "Position: the error of a linear read-out of a token’s place in its row. 0 is exact; 1 (dashed) is no "
            "better than always guessing the middle. Layer 0 is the embedded token: what the encoding adds to it, and "
            "what the token itself gives away if the task ties tokens to places. The read-out is fitted on other rows "
            "of the same length, so past L it says whether the position is there, not whether the model uses it."
        ),
        t(
            "Scores: of the variance of attention scores among the keys of a query, the share that depends only on the "
            "two places and not on the tokens there. At 1 position decides where to look; at 0 content does. Tokens "
            "that a task puts in the same place of every row count as position. Mean over heads; a value slightly "
            "below 0 is noise."
        ),
    )


def _measures(panel: Panel, rows: pd.DataFrame) -> Iterator[Shown]:
    for measure, shown in (("entropy_nats", _entropy), ("probe_error", _probe), ("position_share", _share)):
        own = rows[(rows["measure"] == measure) & rows["value"].notna()]
        if not own.empty:
            yield shown(panel, own)


def _exhibit(shown: Shown, styles: Styles) -> Exhibit:
    counts = [level.estimate.n for each in shown.drawn for levels in each.levels.values() for level in levels]
    return Exhibit(
        id=f"{shown.id}-{shown.panel.id}",
        title=shown.title,
        alt=shown.alt,
        caption=t(
            "L = {length}; {key} (seeds {seeds}).",
            length=shown.panel.train_length,
            key=curve_key(counts),
            seeds=listing(shown.rows["seed"]),
        ),
        models=tuple(sorted(set(shown.rows["train_key"]))),
        measured=int(shown.rows["look_key"].nunique()),
        picture=render(mechanism(shown.drawn, styles), "svg"),
        format="svg",
        numbers=_numbers(shown),
        data=look_data(shown.rows),
    )


def _entropy(panel: Panel, rows: pd.DataFrame) -> Shown:
    up, mark = t("entropy of attention (nats)"), t("uniform attention")
    return Shown(
        panel=panel,
        rows=rows,
        id="entropy",
        title=t("Entropy of attention · {task}", task=panel.task),
        alt=t(
            "Line charts over length, first and last layer: entropy of attention in nats for {encodings} on {task}, "
            "and that of uniform attention.",
            encodings=listed(sorted(set(rows["encoding"]))),
            task=panel.task,
        ),
        drawn=tuple(_over_length(panel, own, title, up, mark=mark) for own, title in _layers(rows)),
    )


def _share(panel: Panel, rows: pd.DataFrame) -> Shown:
    up = t("share of position (0 to 1)")
    return Shown(
        panel=panel,
        rows=rows,
        id="share",
        title=t("What scores are due to · {task}", task=panel.task),
        alt=t(
            "Line charts over length, first and last layer: the share of position in the variance of attention scores "
            "for {encodings} on {task}.",
            encodings=listed(sorted(set(rows["encoding"]))),
            task=panel.task,
        ),
        drawn=tuple(_over_length(panel, own, title, up) for own, title in _layers(rows)),
    )


def _probe(panel: Panel, rows: pd.DataFrame) -> Shown:
    relative = rows.assign(value=rows["value"] / rows["reference"])
    shown = sorted({int(relative["length"].min()), int(relative["length"].max())})
    return Shown(
        panel=panel,
        rows=rows,
        id="position-probe",
        title=t("Position in the residual stream · {task}", task=panel.task),
        alt=t(
            "Line charts over layers, at the shortest and the longest length: the error of a linear read-out of "
            "position, as a multiple of the error of guessing, for {encodings} on {task}.",
            encodings=listed(sorted(set(rows["encoding"]))),
            task=panel.task,
        ),
        drawn=tuple(_by_layer(panel, relative[relative["length"] == length], length) for length in shown),
    )


def _layers(rows: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, str]]:
    """The rows of the first and of the last layer, each with its name."""
    for layer in sorted({1, int(rows["layer"].max())}):
        yield rows[rows["layer"] == layer], t("layer {n}", n=layer)


def _over_length(panel: Panel, rows: pd.DataFrame, title: str, up: str, *, mark: str = "") -> MechanismPanel:
    lengths = sorted({int(length) for length in rows["length"]})
    references = rows.dropna(subset="reference").groupby("length")["reference"].mean()
    return MechanismPanel(
        title=title,
        across=t("problem length (multiple of the trained length)"),
        up=up,
        ticks=tuple((length, f"{length:,}\n{length / panel.train_length:g}×") for length in lengths),
        levels=_levels(rows, "length"),
        mark=mark,
        marks=tuple((float(str(length)), float(value)) for length, value in references.items()),
        share=references.empty,
        octaves=True,
    )


def _by_layer(panel: Panel, rows: pd.DataFrame, length: int) -> MechanismPanel:
    layers = sorted({int(layer) for layer in rows["layer"]})
    return MechanismPanel(
        title=t("at {place}", place=place(panel, length)),
        across=t("layers before the read-out"),
        up=t("error, as a multiple of guessing"),
        ticks=tuple((layer, str(layer)) for layer in layers),
        levels=_levels(rows, "layer"),
        mark=t("guessing the middle"),
        marks=tuple((float(layer), 1.0) for layer in layers),
    )


def _levels(rows: pd.DataFrame, along: str) -> dict[str, tuple[Level, ...]]:
    return {
        str(name): tuple(_level(float(str(at)), each) for at, each in own.groupby(along, sort=True))
        for name, own in rows.groupby("encoding", sort=True)
    }


def _level(at: float, rows: pd.DataFrame) -> Level:
    pairs = sorted(zip(rows["seed"].astype(int), rows["value"].astype(float), strict=True))
    return Level(at=at, estimate=mean_and_range([value for _, value in pairs]), each=tuple(pairs))


def _numbers(shown: Shown) -> Table:
    """The table of encodings below a figure, with columns for each of its panels."""
    drawn = shown.drawn
    names = sorted({name for each in drawn for name in each.levels})
    seeds = int(shown.rows["seed"].nunique())
    marks = [tuple(Field(text=f"{value:.2f}") for _, value in each.marks) for each in drawn]
    mark_rows = ((Field(text=drawn[0].mark), *(field for own in marks for field in own)),) if drawn[0].mark else ()
    return Table(
        caption=t("{title}: mean [lowest and highest seed].", title=shown.title),
        columns=(t("encoding"), *(label.replace("\n", " · ") for each in drawn for _, label in each.ticks)),
        rows=(
            *((Field(text=name), *(field for each in drawn for field in _fields(each, name, seeds))) for name in names),
            *mark_rows,
        ),
        groups=tuple(Group(title=each.title, span=len(each.ticks)) for each in drawn),
    )


def _fields(drawn: MechanismPanel, name: str, seeds: int) -> Iterator[Field]:
    by_place = {level.at: level.estimate for level in drawn.levels.get(name, ())}
    for at, _ in drawn.ticks:
        if (own := by_place.get(at)) is None:
            yield Field(text=NOTHING)
        else:
            yield value_field(own.value, own.low, own.high, "ok", own.n, seeds)
