"""TODO."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from benchmark.metrics import METRICS
from benchmark.reports.draw.fonts import drawable
from benchmark.reports.draw.style import MUTED, Style
from benchmark.reports.phrases import NOTHING, arrow, metric_label, seeds_of, seeds_phrase
from benchmark.reports.words import language, t

CHANCE_LINE: dict[str, Any] = {"color": MUTED, "linestyle": (0, (3, 3)), "linewidth": 1.2}
CHARACTER = 0.08  # inches of width of a character in small print


def one_panel(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of one panel, sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def draw_curves(axes: Axes, points: pd.DataFrame, styles: Mapping[str, Style]) -> None:
    for encoding, own in points[points["n"] > 0].groupby("encoding"):
        style = styles[str(encoding)]
        axes.plot(own["length"], own["mean"], marker=style.marker, **style.stroke)
        draw_band(axes, own["length"], own, style)
    chance = points.drop_duplicates("length").sort_values("length").dropna(subset="chance")
    if not chance.empty:
        axes.plot(chance["length"], chance["chance"], label=t("chance"), **CHANCE_LINE)


def draw_band(axes: Axes, places: pd.Series, points: pd.DataFrame, style: Style) -> None:
    if not style.light:
        axes.fill_between(places, points["low"], points["high"], color=style.color, alpha=0.15, linewidth=0)


def label_of(table: pd.DataFrame, column: str) -> str:
    """The one text that a column holds; a figure mixes no two tasks, settings or metrics."""
    names = sorted(set(table[column]))
    if len(names) != 1:
        raise ValueError(f"a figure draws one {column}, but was given {_join(names) or 'none'}")
    return drawable(str(names[0]))


def write_note(axes: Axes, text: str) -> None:
    # In points: a share of the height would reach the title of a tall panel.
    place: dict[str, Any] = {"xycoords": "axes fraction", "xytext": (0, 6), "textcoords": "offset points"}
    axes.annotate(text, (0, 1), fontsize=9, color=MUTED, va="bottom", **place)


def band_note(points: pd.DataFrame) -> str:
    phrase = seeds_phrase(list(points["n"]))
    return t("mean; band: {interval}", interval=phrase) if points["n"].max() > 1 else phrase


def light_note(styles: Mapping[str, Style]) -> str:
    return t("thin: mean alone") if any(style.light for style in styles.values()) else ""


def join_notes(*notes: str) -> str:
    return language().semicolon.join(note for note in notes if note)


def seed_span(counts: Iterable[int]) -> str:
    known = sorted({int(count) for count in counts if count})
    if not known:
        return t("no seeds")
    return seeds_of(known[0]) if len(known) == 1 else t("{low} to {high} seeds", low=known[0], high=known[-1])


def set_metric_axis(axes: Axes, points: pd.DataFrame) -> None:
    metric = label_of(points, "metric")
    axes.set_ylabel(f"{metric_label(metric)}\n{arrow(lower_is_better=bool(points['lower_is_better'].iloc[0]))}")
    if METRICS[metric].bounded:
        axes.set_ylim(-0.03, 1.03)


def set_length_axis(axes: Axes, points: pd.DataFrame) -> None:
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(sorted(set(points["length"]))))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(sorted(set(points["length"])), length_labels(points))
    axes.set_xlabel(t("problem length (multiple of the trained length)"))


def length_labels(points: pd.DataFrame) -> list[str]:
    lengths = points.drop_duplicates("length").sort_values("length")
    return [
        f"{length:,}\n{multiple:g}×" for length, multiple in zip(lengths["length"], lengths["multiple"], strict=True)
    ]


def powers_of_two(first: int, last: int) -> list[int]:
    return [2**power for power in range(math.floor(math.log2(first)), math.floor(math.log2(last)) + 1)]


def set_log2_axis(axes: Axes, ticks: Sequence[int]) -> None:
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.0f}"))


def draw_trained_line(axes: Axes, length: int) -> None:
    axes.axvline(length, color=MUTED, linewidth=1.1, zorder=1, label=t("trained to L = {length:,}", length=length))


def with_ends(points: pd.DataFrame, styles: Mapping[str, Style]) -> list[tuple[str, Style, str]]:
    """Encodings in the order of their right ends, from top to bottom; those that end earlier last, saying where."""
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
    """Inches of width and height at which the legend of these encodings fits beside the panel."""
    found = set(names)
    longest = max((len(drawable(name)) for name in found), default=0)
    return 8.2 + CHARACTER * max(0, longest - 12), max(4.4, 1.2 + 0.2 * len(found))


def draw_legend(axes: Axes, entries: Sequence[tuple[str, Style, str]], *, markers: bool = True) -> None:
    """To the right of the panel: it never covers a curve."""
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
        if label == t("chance"):
            handles.append(line)
        elif not label.startswith("_"):  # a curve, which is among the entries
            handles.append(draw_upright_key(label))
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, handlelength=3.2)


def draw_upright_key(label: str) -> Line2D:
    """The legend's key of a vertical line."""
    return Line2D([], [], color=MUTED, linestyle="", marker="|", markersize=13, markeredgewidth=1.1, label=label)


def _join(items: Iterable[object]) -> str:
    return ", ".join(str(item) for item in items)
