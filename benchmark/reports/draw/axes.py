"""Parts of a panel that several figures share: curves, bands, axes of length, notes and legends."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmark.metrics import METRICS
from benchmark.reports.draw.fonts import drawable, label_width
from benchmark.reports.draw.style import BEST, MUTED, Style, Styles
from benchmark.reports.phrases import DOTS, NOTHING, arrow, metric_label, seeds_of
from benchmark.reports.stats.floor import shortcut_line
from benchmark.reports.words import language, t

CHANCE_LINE: dict[str, Any] = {"color": MUTED, "linestyle": (0, (3, 3)), "linewidth": 1.2}
SHORTCUT_LINE: dict[str, Any] = {"color": MUTED, "linestyle": (0, (7, 2, 1, 2)), "linewidth": 1.0}
COLUMN = 4.9  # inches: the width of a figure, which a phone shrinks by a quarter and paper sets in two columns
LABEL = 36  # characters that fit beside a panel
PANEL = 3.1  # inches: the height of a panel with its axes
KEY, KEY_ROW = 0.55, 0.19  # inches: a legend key with the space around it, and the height of a row of a legend
MARK: dict[str, Any] = {"color": BEST, "linewidth": 8, "alpha": 0.3, "solid_capstyle": "round", "zorder": 1.5}


def one_panel(width: float = COLUMN, height: float = PANEL) -> tuple[Figure, Axes]:
    """A figure with a single panel; sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def draw_curves(axes: Axes, points: pd.DataFrame, styles: Styles) -> None:
    """Mean, band and seeds of every encoding against length, chance where the task states it, and the best shortcut."""
    for encoding, own in points[points["n"] > 0].groupby("encoding"):
        style = styles[str(encoding)]
        draw_curve(axes, own["length"], own["mean"], style)
        draw_band(axes, own["length"], own, style)
        draw_seeds(axes, own["length"], own["each"], style)
    chance = points.drop_duplicates("length").sort_values("length").dropna(subset="chance")
    if not chance.empty:
        axes.plot(chance["length"], chance["chance"], label=t("chance"), **CHANCE_LINE)
    if shortcut := shortcut_line(points):
        axes.plot(*zip(*shortcut.places, strict=True), label=t("best shortcut"), **SHORTCUT_LINE)


def up_label(metric: str, direction: str) -> str:
    """The vertical axis's words on two lines; the unit moves to the second where the first would leave the panel."""
    whole, name = metric_label(metric), metric_label(metric, with_unit=False)
    if len(whole) <= LABEL:
        return f"{whole}\n{direction}"
    return f"{name}\n{whole.removeprefix(name).strip()}{language().semicolon}{direction}"


def draw_curve(
    axes: Axes, places: Iterable[float], values: Iterable[float], style: Style, *, markers: bool = True
) -> None:
    """A curve, on a broad mark in a colour of its own if its encoding may be the best."""
    across, up = list(places), list(values)
    if style.best:
        axes.plot(across, up, label="_best", **MARK)
    axes.plot(across, up, marker=style.marker if markers else "", **style.stroke)


def draw_band(axes: Axes, places: pd.Series, points: pd.DataFrame, style: Style) -> None:
    """The band around a curve from the lowest to the highest seed, unless its style is light."""
    if not style.light:
        axes.fill_between(places, points["low"], points["high"], color=style.color, alpha=0.15, linewidth=0)


def draw_seeds(axes: Axes, places: Iterable[float], each: Iterable[Sequence[tuple[int, float]]], style: Style) -> None:
    """Every seed as a dot, if there are few of them and the curve's style is not light."""
    dots = [(place, value) for place, own in zip(places, each, strict=True) for _, value in own if 1 < len(own) <= DOTS]
    if dots and not style.light:
        axes.plot(*zip(*dots, strict=True), label="_seeds", **style.dots)


def label_of(table: pd.DataFrame, column: str) -> str:
    """The single value of a column; an error if a figure would mix tasks, settings or metrics."""
    names = sorted(set(table[column]))
    if len(names) != 1:
        raise ValueError(f"a figure draws one {column}, but was given {', '.join(names) or 'none'}")
    return drawable(str(names[0]))


def seed_span(counts: Iterable[int]) -> str:
    """The number of seeds, or its range: "3 seeds", "2 to 3 seeds"."""
    known = sorted({int(count) for count in counts if count})
    if not known:
        return t("no seeds")
    return seeds_of(known[0]) if len(known) == 1 else t("{low} to {high} seeds", low=known[0], high=known[-1])


def set_metric_axis(axes: Axes, points: pd.DataFrame) -> None:
    """The vertical axis: the metric, its unit, and which direction is better."""
    metric = label_of(points, "metric")
    axes.set_ylabel(up_label(metric, arrow(lower_is_better=bool(points["lower_is_better"].iloc[0]))))
    if METRICS[metric].bounded:
        axes.set_ylim(-0.03, 1.03)


def set_length_axis(axes: Axes, points: pd.DataFrame) -> None:
    """The horizontal axis: every measured length, on a logarithmic scale."""
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(sorted(set(points["length"]))))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(sorted(set(points["length"])), length_labels(points))
    axes.set_xlabel(t("problem length (multiple of the trained length)"))


def length_labels(points: pd.DataFrame) -> list[str]:
    """Each length with its multiple of the trained length below it."""
    lengths = points.drop_duplicates("length").sort_values("length")
    return [
        f"{length:,}\n{multiple:g}×" for length, multiple in zip(lengths["length"], lengths["multiple"], strict=True)
    ]


def powers_of_two(first: int, last: int) -> list[int]:
    """The powers of two from about `first` up to `last`."""
    return [2**power for power in range(math.floor(math.log2(first)), math.floor(math.log2(last)) + 1)]


def set_log2_axis(axes: Axes, ticks: Sequence[int]) -> None:
    """A horizontal axis on a base-2 logarithmic scale, with these ticks only."""
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.0f}"))


def draw_trained_line(axes: Axes, length: int) -> None:
    """A vertical line at the trained length."""
    axes.axvline(length, color=MUTED, linewidth=1.1, zorder=1, label=t("trained to L = {length:,}", length=length))


def with_ends(points: pd.DataFrame, styles: Styles) -> list[tuple[str, Style, str]]:
    """Legend entries in the order of the curves' right ends; curves that stop early come last and say where."""
    last = int(points["length"].max())
    entries = []
    for encoding, own in points.groupby("encoding"):
        known = own[own["n"] > 0].sort_values("length")
        end = int(known["length"].iloc[-1]) if len(known) else 0
        height = float(known["mean"].iloc[-1]) if len(known) else -math.inf
        name = str(encoding)
        if end != last:
            past = t("— past {length:,}", length=end) if end else NOTHING
            name = t("{name} ({remarks})", name=encoding, remarks=past)
        entries.append(((end != last, -height), (str(encoding), styles[str(encoding)], name)))
    return [entry for _, entry in sorted(entries, key=lambda pair: pair[0])]


def draw_legend(figure: Figure, axes: Axes, entries: Sequence[tuple[str, Style, str]], *, markers: bool = True) -> None:
    """A legend below the panels, for which the figure grows; light curves share one entry.

    `axes` has the lines of chance, of the best shortcut and of the trained length.
    """
    handles = [_key(style, text, markers=markers) for _, style, text in entries if not style.light]
    if thin := [style for _, style, _ in entries if style.light]:
        handles.append(_key(thin[0], t("{n} others: mean only", n=len(thin)), markers=markers))
    if any(style.best for _, style, _ in entries):
        handles.append(Line2D([], [], label=t("may be the best"), **MARK))
    for line in axes.get_lines():
        label = str(line.get_label())
        if label.startswith("_"):  # a curve, which is among the entries already
            continue
        level = line.get_linestyle() != "-"  # chance or the best shortcut, which are dashed
        handles.append(line if level else draw_upright_key(label))
    legend_below(figure, handles)


def legend_below(figure: Figure, handles: Sequence[Line2D]) -> None:
    """A legend in as many columns as fit below the panels; the figure grows by its height."""
    width, height = figure.get_size_inches()
    longest = max(label_width(str(handle.get_label())) for handle in handles)
    columns = min(len(handles), max(1, int(width / (KEY + longest))))
    figure.set_size_inches(width, height + KEY_ROW * math.ceil(len(handles) / columns))
    figure.legend(handles=handles, loc="outside lower left", ncols=columns, handlelength=2.6, columnspacing=1.2)


def _key(style: Style, text: str, *, markers: bool) -> Line2D:
    stroke = style.stroke
    return Line2D([], [], label=drawable(text), **{"marker": style.marker if markers else "", **stroke})


def draw_upright_key(label: str) -> Line2D:
    """The legend key of a vertical line."""
    return Line2D([], [], color=MUTED, linestyle="", marker="|", markersize=13, markeredgewidth=1.1, label=label)
