"""Parts of a panel that several figures share: curves, bands, axes of length, notes and legends."""

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmark.metrics import METRICS
from benchmark.reports.draw.fonts import drawable
from benchmark.reports.draw.style import MUTED, Style, Styles
from benchmark.reports.phrases import DOTS, NOTHING, arrow, curve_key, metric_label, seeds_of, shortcut_label
from benchmark.reports.stats.floor import shortcut_line
from benchmark.reports.words import language, t

CHANCE_LINE: dict[str, Any] = {"color": MUTED, "linestyle": (0, (3, 3)), "linewidth": 1.2}
SHORTCUT_LINE: dict[str, Any] = {"color": MUTED, "linestyle": (0, (7, 2, 1, 2)), "linewidth": 1.0}
LABEL_WIDTH = 28  # characters of a line in a legend
CHARACTER = 0.08  # width of a character in small print, in inches


def one_panel(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure with a single panel; sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def draw_curves(axes: Axes, points: pd.DataFrame, styles: Styles) -> None:
    """Mean, band and seeds of every encoding against length, chance where the task states it, and the best shortcut."""
    for encoding, own in points[points["n"] > 0].groupby("encoding"):
        style = styles[str(encoding)]
        axes.plot(own["length"], own["mean"], marker=style.marker, **style.stroke)
        draw_band(axes, own["length"], own, style)
        draw_seeds(axes, own["length"], own["each"], style)
    chance = points.drop_duplicates("length").sort_values("length").dropna(subset="chance")
    if not chance.empty:
        axes.plot(chance["length"], chance["chance"], label=t("chance"), **CHANCE_LINE)
    if shortcut := shortcut_line(points):
        label = textwrap.fill(drawable(shortcut_label(shortcut.names)), LABEL_WIDTH)
        axes.plot(*zip(*shortcut.places, strict=True), label=label, **SHORTCUT_LINE)


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


def write_note(axes: Axes, text: str) -> None:
    """Small print between the title and the panel."""
    # In points: as a fraction of the height, the offset would reach the title of a tall panel.
    place: dict[str, Any] = {"xycoords": "axes fraction", "xytext": (0, 6), "textcoords": "offset points"}
    axes.annotate(text, (0, 1), fontsize=9, color=MUTED, va="bottom", **place)


def band_note(points: pd.DataFrame) -> str:
    """A note on what line, band and dots show."""
    return curve_key(list(points["n"]))


def light_note(styles: Styles) -> str:
    """A note on light curves, if there are any."""
    return t("thin: mean only") if any(style.light for style in styles.values()) else ""


def join_notes(*notes: str) -> str:
    """Notes on one line; empty ones are left out."""
    return language().semicolon.join(note for note in notes if note)


def seed_span(counts: Iterable[int]) -> str:
    """The number of seeds, or its range: "3 seeds", "2 to 3 seeds"."""
    known = sorted({int(count) for count in counts if count})
    if not known:
        return t("no seeds")
    return seeds_of(known[0]) if len(known) == 1 else t("{low} to {high} seeds", low=known[0], high=known[-1])


def set_metric_axis(axes: Axes, points: pd.DataFrame) -> None:
    """The vertical axis: the metric, its unit, and which direction is better."""
    metric = label_of(points, "metric")
    axes.set_ylabel(f"{metric_label(metric)}\n{arrow(lower_is_better=bool(points['lower_is_better'].iloc[0]))}")
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


def beside_legend(names: Iterable[str]) -> tuple[float, float]:
    """Width and height in inches of a figure whose legend of these encodings fits beside the panel."""
    found = set(names)
    longest = max((len(drawable(name)) for name in found), default=0)
    return 8.2 + CHARACTER * max(0, longest - 12), max(4.4, 1.2 + 0.2 * len(found))


def draw_legend(axes: Axes, entries: Sequence[tuple[str, Style, str]], *, markers: bool = True) -> None:
    """A legend to the right of the panel, where it never covers a curve."""
    handles = [
        Line2D(
            [],
            [],
            marker=style.marker if markers else "",
            label=drawable(text),
            **style.stroke,
        )
        for _, style, text in entries
    ]
    for line in axes.get_lines():
        label = str(line.get_label())
        if label.startswith("_"):  # a curve, which is among the entries already
            continue
        level = line.get_linestyle() != "-"  # chance or the best shortcut, which are dashed
        handles.append(line if level else draw_upright_key(label))
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, handlelength=3.2)


def draw_upright_key(label: str) -> Line2D:
    """The legend key of a vertical line."""
    return Line2D([], [], color=MUTED, linestyle="", marker="|", markersize=13, markeredgewidth=1.1, label=label)
