"""The section "Grids": scores split by lag, depth or operand length.

Each grid is a heatmap per encoding; a grid whose second axis is problem length is also drawn as curves.
"""

from collections import Counter

import pandas as pd

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.emphasis import emphasised, prominent
from benchmark.reports.draw.fields import along as draw_along
from benchmark.reports.draw.fields import ends_of, range_label
from benchmark.reports.draw.fields import fields as draw_fields
from benchmark.reports.draw.style import Styles
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.fields import listing, value_field
from benchmark.reports.page.numbers import field_data
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Panel, Selection, slug
from benchmark.reports.page.table import Field, Group, Table
from benchmark.reports.phrases import AXES, curve_key, metric_label
from benchmark.reports.stats.estimate import mean_and_range
from benchmark.reports.tables.fields import ACROSS, by_field
from benchmark.reports.words import listed, sentences, t


def section(selection: Selection, styles: Styles) -> Section:
    """Scores by lag, depth or operand length: a heatmap per encoding, and curves if one axis is enough."""
    shown = _joined(selection, by_field(selection.store))
    drawn: list[Exhibit] = []
    for _, own in shown.groupby(["grid", "grid_setting"], sort=True):
        if own["down_first"].nunique() > 1:
            drawn.append(_grid(selection, own))
            drawn += [_along(selection, own, styles)] if own["across"].iloc[0] == ACROSS else []
    lines: tuple[str, ...] = (
        t(
            "A value by length hides where in a problem it comes from. Here, each value is split by lag (how far back "
            "the answer is), by depth (how far into the text the needle is), or by the lengths of two operands."
        ),
    )
    if not drawn:
        lines = (
            t(
                "No task was measured whose scores can be split by lag, depth or operand length. For offset-recall, "
                "this takes several values of back."
            ),
        )
    return Section(id="grids", title=t("Grids"), lines=lines, exhibits=tuple(drawn))


def _joined(selection: Selection, table: pd.DataFrame) -> pd.DataFrame:
    """The fields that the panels show; where each encoding has its own learning rate, their grids are one."""
    shown = selection.of_panels(table)
    tuned = {view.setting for view in selection.mains if view.tuned}
    own_rates = shown["setting"].isin(tuned)
    return shown.assign(grid_setting=shown["grid_setting"].where(~own_rates, shown["train_length"].astype(str)))


def _grid(selection: Selection, own: pd.DataFrame) -> Exhibit:
    panel = _panels(selection, own)[0]
    bold = prominent(panel.points, selection.reference)
    drawn, left_out = own[own["encoding"].isin(bold)], len(set(own["encoding"]) - bold)
    names = {"task": own["grid"].iloc[0], "down": _axis(own, "down"), "across": _axis(own, "across")}
    return Exhibit(
        id=f"grid-{_grid_id(own)}",
        title=t("{task}: {down} by {across}", **names),
        alt=t(
            "Heatmaps of {metric}, one for each of {encodings}: {down} on the vertical axis, {across} on the "
            "horizontal axis.",
            metric=metric_label(own["metric"].iloc[0]),
            encodings=listed(sorted(set(drawn["encoding"]))),
            down=names["down"],
            across=names["across"],
        ),
        caption=sentences(
            t(
                "Mean over seeds {seeds}; no range is drawn. {problems} per field and seed. L = {length}. Outlined: up "
                "to the trained length; blank: no value.",
                seeds=listing(own["seed"]),
                problems=_problems(own),
                length=own["train_length"].iloc[0],
            ),
            t("{n} other encodings are in the numbers only.", n=left_out) if left_out else "",
        ),
        picture=render(draw_fields(drawn), "svg"),
        format="svg",
        data=field_data(own),
        models=_models(selection, own),
        measured=_records(selection, own),
    )


def _along(selection: Selection, own: pd.DataFrame, styles: Styles) -> Exhibit:
    axis = _axis(own, "down")
    ends = own[own["length"].isin(ends_of(own))]
    counts = ends.groupby(["encoding", "length", "down_first"])["value"].count()
    panel = _panels(selection, own)[0]
    weighted = emphasised(styles, panel.points, selection.reference, selection.favourites(panel))
    return Exhibit(
        id=f"along-{_grid_id(own)}",
        title=t("{task}: by {axis}", task=own["grid"].iloc[0], axis=axis),
        alt=t(
            "Line charts of {metric} by {axis} for {encodings}, at the trained and at the longest length. The numbers "
            "are in the table below it.",
            metric=metric_label(own["metric"].iloc[0]),
            axis=axis,
            encodings=listed(sorted(set(own["encoding"]))),
        ),
        caption=t(
            "L = {length}; {key} (seeds {seeds}). {problems} per point and seed.",
            length=own["train_length"].iloc[0],
            key=curve_key(list(counts)),
            seeds=listing(own["seed"]),
            problems=_problems(ends),
        ),
        picture=render(draw_along(own, weighted), "svg"),
        format="svg",
        numbers=_along_numbers(ends),
        data=field_data(ends),
        models=_models(selection, own),
        measured=_records(selection, own),
    )


def _along_numbers(ends: pd.DataFrame) -> Table:
    places = sorted(set(zip(ends["length"], ends["down_first"], ends["down_last"], strict=True)))
    spans = Counter(length for length, _, _ in places)
    return Table(
        caption=t(
            "{task}: {metric} by {axis}, mean [lowest and highest seed].",
            task=ends["grid"].iloc[0],
            metric=metric_label(ends["metric"].iloc[0]),
            axis=_axis(ends, "down"),
        ),
        columns=(t("encoding"), *(range_label(first, last) for _, first, last in places)),
        groups=tuple(Group(title=t("length {length}", length=length), span=span) for length, span in spans.items()),
        rows=tuple(
            (Field(text=str(name)), *(_along_number(own, length, first) for length, first, _ in places))
            for name, own in ends.groupby("encoding")
        ),
    )


def _along_number(own: pd.DataFrame, length: int, first: int) -> Field:
    here = own[(own["length"] == length) & (own["down_first"] == first)]
    each = mean_and_range(list(here["value"]))
    return value_field(each.value, each.low, each.high, "missing", each.n, own["seed"].nunique())


def _models(selection: Selection, own: pd.DataFrame) -> tuple[str, ...]:
    """The models that a grid is drawn from."""
    return tuple(sorted({key for panel in _panels(selection, own) for key in panel.models}))


def _records(selection: Selection, own: pd.DataFrame) -> int:
    """The number of records that a grid is drawn from."""
    return sum(panel.measured for panel in _panels(selection, own))


def _panels(selection: Selection, own: pd.DataFrame) -> list[Panel]:
    settings = set(own["setting"])
    return [panel for panel in selection.panels if panel.setting in settings]


def _problems(own: pd.DataFrame) -> str:
    low, high = int(own["rows"].min()), int(own["rows"].max())
    if low == high:
        return t("{n} test problems", n=low)
    return t("{low} to {high} test problems", low=low, high=high)


def _axis(own: pd.DataFrame, side: str) -> str:
    name = str(own[side].iloc[0])
    return AXES.get(name, name)


def _grid_id(own: pd.DataFrame) -> str:
    return f"{slug(own['grid'].iloc[0])}-{own['train_length'].iloc[0]}"
