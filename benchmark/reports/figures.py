"""Static figures: each a pure function from a table of `aggregate` to a matplotlib Figure, without pyplot's globals.

Every figure says how many seeds it stands on and which interval it draws. An encoding has one style everywhere
(`palette`), in colours that the colour-blind can tell apart (Okabe and Ito 2008, https://jfly.uni-koeln.de/color/),
with a marker and a line pattern of its own besides.
"""

import io
import math
import re
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from itertools import product
from pathlib import Path
from typing import Any, Literal, ParamSpec

import matplotlib
import numpy as np
import pandas as pd
import seaborn  # type: ignore[import-untyped]
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from benchmark.files import write_atomically
from benchmark.reports.aggregate import Probe
from benchmark.reports.fonts import drawable, families
from benchmark.reports.statistics import (
    BOUNDED,
    NOTHING,
    STATUSES,
    compare,
    mean_interval,
    over_seeds,
    seeds_of,
    seeds_phrase,
)
from benchmark.reports.words import Phrases, language, later, listed, t

Arguments = ParamSpec("Arguments")

METRICS = Phrases(  # on axes
    {
        "token_accuracy": later("token accuracy (0 to 1)"),
        "exact_match": later("exact match (0 to 1)"),
        "loss_nats": later("loss (nats per token)"),
        "perplexity": later("perplexity (per token)"),
        "bits_per_character": later("bits per character"),
        "window_loss_nats": later("loss in windows (nats per token)"),
        "over_crop_nats": later("loss, less that after L tokens (nats)"),
    }
)
AXES = Phrases(  # of grids, as tasks and `aggregate` name them
    {
        "lag (tokens)": later("lag (tokens)"),
        "depth (%)": later("depth (%)"),
        "first operand (digits)": later("first operand (digits)"),
        "second operand (digits)": later("second operand (digits)"),
        "problem length": later("problem length"),
    }
)

OWN_COLOR = {
    "rope": "#0072B2",  # blue
    "alibi": "#D55E00",  # vermilion
    "learned": "#009E73",  # bluish green
    "sinusoidal": "#CC79A7",  # reddish purple
    "none": "#6E6E6E",  # grey
}
COLORS = ("#E69F00", "#56B4E9", *OWN_COLOR.values())  # the first two are nobody's own
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")  # plotly's names
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINE_STYLES: dict[str, Any] = {
    "solid": "-",
    "dash": (0, (5, 2)),
    "dot": (0, (1, 1.5)),
    "dashdot": (0, (5, 2, 1, 2)),
    "longdash": (0, (10, 3)),
    "longdashdot": (0, (10, 3, 1, 3)),
}
OWN_MARK = {
    "rope": ("o", "solid"),
    "alibi": ("s", "dash"),
    "learned": ("^", "dot"),
    "sinusoidal": ("D", "dashdot"),
    "none": ("v", "solid"),
}
MUTED = "#595959"  # reference lines and small print: 7:1 on white
CHANCE_LINE: dict[str, Any] = {"color": MUTED, "linestyle": (0, (3, 3)), "linewidth": 1.2}

LEAST_SHARE = 1e-4  # drawn for less: a logarithm has no zero
CHARACTER = 0.08  # inches of width of a character in small print
WEIGHTS = "rocket_r"  # the colours of attention weights
HEAD_COLUMNS = 4  # attention panels in a row
GRID_COLUMNS = 3  # heatmaps of grids in a row
LOOK: dict[str, Any] = {
    "figure.facecolor": "white",
    "axes.edgecolor": "#B0B0B0",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 13,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "lines.linewidth": 2,
    "lines.markersize": 6,
    "text.parse_math": False,  # a label or a word may hold a dollar sign
    "figure.constrained_layout.w_pad": 0.1,
    "figure.constrained_layout.h_pad": 0.1,
    "svg.fonttype": "path",  # glyphs as paths: Chinese shows where no Chinese font is
    "svg.hashsalt": "position-benchmark",  # the same figure, the same bytes
    "path.simplify_threshold": 0.2,  # points: lines of many values lose those that nobody could see
}


@dataclass(frozen=True, kw_only=True)
class Style:
    """How an encoding is drawn, in static and in interactive figures."""

    color: str  # "#RRGGBB"
    marker: str  # matplotlib's name
    dash: str  # one of DASHES
    light: bool = False  # thin and without a band, so that others stand out

    @property
    def line_style(self) -> Any:
        """The dash as matplotlib spells it."""
        return LINE_STYLES[self.dash]

    @property
    def stroke(self) -> dict[str, Any]:
        """A line as matplotlib spells it."""
        weight = {"linewidth": 0.9, "markersize": 3, "alpha": 0.55, "zorder": 1.9} if self.light else {}
        return {"color": self.color, "linestyle": self.line_style, **weight}


def palette(encodings: Iterable[str]) -> dict[str, Style]:
    """A style for each label. The classic encodings keep theirs always; others start from a hash of their label.

    No two share a colour and a dash as long as there are not more than 42.
    """
    labels = sorted(set(encodings))
    styles = {label: _own_style(label) for label in labels if label in OWN_COLOR}
    for label in labels:
        if label not in styles:
            styles[label] = _free_style(label, list(styles.values()))
    return styles


def _own_style(label: str) -> Style:
    marker, dash = OWN_MARK[label]
    return Style(color=OWN_COLOR[label], marker=marker, dash=dash)


def _free_style(label: str, taken: Sequence[Style]) -> Style:
    """The first free colour from the label's hash on; when all are taken, the first free pair of colour and dash."""
    start = zlib.crc32(label.encode())
    colors = [COLORS[(start + step) % len(COLORS)] for step in range(len(COLORS))]
    dashes = [DASHES[(start + step) % len(DASHES)] for step in range(len(DASHES))]
    used_colors, used_pairs = {style.color for style in taken}, {(style.color, style.dash) for style in taken}
    pairs = [(color, dash) for dash, color in product(dashes, colors)]
    unused = [pair for pair in pairs if pair[0] not in used_colors] or [
        pair for pair in pairs if pair not in used_pairs
    ]
    color, dash = (unused or pairs)[0]
    return Style(color=color, marker=MARKERS[(start + len(taken)) % len(MARKERS)], dash=dash)


def styled(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Draw in our look and with our fonts, whatever the caller's settings are, and leave those alone."""

    @wraps(draw)
    def wrapped(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        with look():
            return draw(*args, **kwargs)

    return wrapped


def look() -> AbstractContextManager[None]:
    """Within it, matplotlib has our settings and no other."""
    return matplotlib.rc_context(_settings())


def _settings() -> dict[Any, Any]:
    defaults = {name: value for name, value in matplotlib.rcParamsDefault.items() if name != "backend"}
    return {**defaults, **LOOK, "font.family": list(families())}


def render(figure: Figure, kind: Literal["svg", "png"]) -> bytes:
    """The figure as a file's bytes; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    with look():
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(buffer, format=kind, dpi=160, metadata=metadata)
    return compact(buffer.getvalue().decode()).encode() if kind == "svg" else buffer.getvalue()


def compact(svg: str) -> str:
    """An SVG file without comments, line ends and digits past a hundredth of a point: half as long, and no less sharp.

    All text in our SVG files is drawn as paths, so that no white space in them means anything.
    """
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"(scale\([^)]*\))|(\.\d\d)\d+", lambda found: found[1] or found[2], svg)
    return re.sub(r"(?<=>) (?=<)", "", re.sub(r"\s+", " ", svg)).strip()


def save(figure: Figure, path: Path) -> Path:
    """Write a figure to an .svg or .png file."""
    write_atomically(path, render(figure, "png" if path.suffix == ".png" else "svg"))
    return path


@styled
def extrapolation(table: pd.DataFrame, styles: Mapping[str, Style], title: str = "") -> Figure:
    """Mean and band over seeds against length. `table`: rows of `aggregate.frame` of one task, setting and metric."""
    points = over_seeds(table)
    figure, axes = _canvas(*_beside_legend(points["encoding"]))
    _draw_curves(axes, points, styles)
    said = title or t("{task}: beyond the trained length", task=_text(points, "task"))
    axes.set_title(said, pad=24)
    _note(axes, _parts(_band_note(points), _light_note(styles)))
    _length_axis(axes, points)
    _trained_line(axes, int(points["train_length"].iloc[0]))
    _metric_axis(axes, points)
    _legend(axes, _with_ends(points, styles))
    return figure


@styled
def position_loss(table: pd.DataFrame, styles: Mapping[str, Style]) -> Figure:
    """Loss by absolute position, mean and band over seeds. `table`: `aggregate.by_position` of one task and setting."""
    figure, axes = _canvas(*_beside_legend(table["encoding"]))
    counts = []
    for encoding, own in table.groupby("encoding"):
        style = styles[str(encoding)]
        rows = [_bin(group) for _, group in own.groupby(["position_start", "position_stop"])]
        curve = pd.DataFrame(rows, columns=["center", "mean", "low", "high", "n"])
        counts += list(curve["n"])
        axes.plot(curve["center"], curve["mean"], **style.stroke)
        _band(axes, curve["center"], curve, style)
    axes.set_title(t("{task}: loss by absolute position", task=_text(table, "task")), pad=24)
    note = t("mean over the tokens of each log-spaced bin; band: {interval}", interval=seeds_phrase(counts))
    _note(axes, _parts(note, _light_note(styles)))
    axes.set_xlabel(t("position in the text (tokens, log scale)"))
    axes.set_ylabel(METRICS["loss_nats"])
    _log2_axis(axes, _powers(1, int(table["position_stop"].max())))
    _trained_line(axes, int(table["train_length"].iloc[0]))
    stops = table.rename(columns={"position_stop": "length", "loss_nats": "mean"}).assign(n=1)
    _legend(axes, _with_ends(stops, styles), markers=False)
    return figure


@styled
def length_heatmap(table: pd.DataFrame) -> Figure:
    """Encodings x lengths, the mean over seeds in each field. `table`: as for `extrapolation`."""
    points = over_seeds(table)
    grid = points.pivot(index="encoding", columns="length", values="mean")
    order = (
        grid[grid.columns[-1]].fillna(grid.mean(axis=1)).sort_values(ascending=bool(points["lower_is_better"].iloc[0]))
    )
    absent = grid[grid.columns[-1]].isna()
    grid = grid.loc[[*order.index[~absent[order.index]], *order.index[absent[order.index]]]]
    states = points.pivot(index="encoding", columns="length", values="status").reindex_like(grid)
    names = CHARACTER * max(10, *(len(drawable(str(name))) for name in grid.index))
    figure, axes = _canvas(max(4.4 + names, 1.1 + names + 1.05 * grid.shape[1]), 1.7 + 0.5 * grid.shape[0])
    axes.grid(visible=False)
    bounded = points["metric"].iloc[0] in BOUNDED
    seaborn.heatmap(
        grid,
        ax=axes,
        cmap="viridis_r" if points["lower_is_better"].iloc[0] else "viridis",
        vmin=0 if bounded else None,
        vmax=1 if bounded else None,
        annot=True,
        fmt=".2f",
        linewidths=1.5,
        linecolor="white",
        cbar_kws={"label": METRICS[_text(points, "metric")]},
    )
    _readable(axes, columns=grid.shape[1])
    axes.set_facecolor("#EFEFEF")
    for row, column in zip(*np.nonzero(grid.isna().to_numpy()), strict=True):
        axes.text(column + 0.5, row + 0.5, _absent(states.iloc[row, column]), ha="center", va="center", color=MUTED)
    axes.set_yticks(np.arange(len(grid)) + 0.5, [drawable(str(name)) for name in grid.index], rotation=0)
    axes.set_xticks(np.arange(grid.shape[1]) + 0.5, _length_labels(points), rotation=0)
    axes.tick_params(length=0)
    axes.set_xlabel(t("problem length (multiple of the trained length)"))
    axes.set_ylabel("")
    axes.set_title(t("{task}: encoding by length", task=_text(points, "task")), pad=36)
    # In two lines: one would push the colour bar away from few columns.
    mean = t("mean over {seeds}, no interval drawn", seeds=_seed_span(points["n"]))
    _note(axes, f"{mean}\n{t('—: unsupported or not there')}")
    return figure


@styled
def same_targets(losses: pd.DataFrame, over_crop: pd.DataFrame, styles: Mapping[str, Style]) -> Figure:
    """Language loss of the same target tokens, and what it is more than after L tokens each. As `extrapolation`."""
    points, differences = over_seeds(losses), over_seeds(over_crop)
    width, height = _beside_legend(points["encoding"])
    figure = Figure(figsize=(width, 1.4 * height), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    _draw_curves(top, points, styles)
    top.set_title(t("{task}: the same targets after more context", task=_text(points, "task")), pad=24)
    _note(top, _band_note(points))
    _metric_axis(top, points)
    _trained_line(top, int(points["train_length"].iloc[0]))
    _legend(top, _with_ends(points, styles))
    _draw_curves(bottom, differences, styles)
    _trained_line(bottom, int(points["train_length"].iloc[0]))
    bottom.axhline(0, color=MUTED, linewidth=1.2)
    bottom.set_title(t("less the loss of the same targets after exactly L tokens each"), fontsize=10)
    bottom.set_ylabel(t("difference in loss\n(nats per token)"))
    side: dict[str, Any] = {"transform": bottom.transAxes, "fontsize": 9, "color": MUTED, "ha": "left"}
    bottom.text(1.02, 0.98, t("above 0: what is farther\nthan L does harm"), va="top", **side)
    bottom.text(1.02, 0.02, t("below 0: what is farther\nthan L is of use"), va="bottom", **side)
    _length_axis(bottom, points)
    return figure


@styled
def fields(table: pd.DataFrame) -> Figure:
    """A heatmap an encoding, all on one scale, the mean over seeds in each field. `table`: a grid of `by_field`."""
    means = table.groupby(["encoding", "down_first", "across_first"])["value"].mean()
    limits = (0.0, 1.0) if _text(table, "metric") in BOUNDED else (float(means.min()), float(means.max()))
    cmap = "viridis_r" if table["lower_is_better"].iloc[0] else "viridis"
    names = sorted(set(table["encoding"]))
    down, across = _ranges(table, "down"), _ranges(table, "across")
    columns = min(len(names), GRID_COLUMNS)
    rows = math.ceil(len(names) / columns)
    size = (columns * (1 + 0.42 * len(across)) + 1.2, rows * (1 + 0.26 * len(down)) + 0.9)
    figure = Figure(figsize=(max(6.4, size[0]), size[1]), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes, name in zip(panels.flat, names, strict=False):
        grid = means[name].unstack().reindex(index=list(down), columns=list(across))
        _draw_fields(axes, grid, limits, cmap)
        _outline_trained(axes, table[table["encoding"] == name], list(down), list(across))
        axes.set_title(drawable(name), fontsize=11)
        axes.set_xticks(np.arange(len(across)) + 0.5, list(across.values()), rotation=0, fontsize=8)
        axes.set_yticks(np.arange(len(down)) + 0.5, list(down.values()), rotation=0, fontsize=8)
        axes.set_xlabel(_axis(table, "across"), fontsize=9)
        axes.set_ylabel(_axis(table, "down") if axes in panels[:, 0] else "", fontsize=9)
    for axes in panels.flat[len(names) :]:
        axes.set_axis_off()
    bar = figure.colorbar(panels.flat[0].collections[0], ax=panels, shrink=0.9, pad=0.02)
    bar.set_label(METRICS[_text(table, "metric")])
    bar.outline.set_visible(False)
    spans = table.groupby(["encoding", "down_first", "across_first"])["seed"].nunique()
    names_of_axes = {"down": _axis(table, "down"), "across": _axis(table, "across")}
    title = t("{task}: {down} by {across}", task=_text(table, "grid"), **names_of_axes)
    notes = (
        t("mean over {seeds}, no interval drawn", seeds=_seed_span(spans)),
        t("outlined: up to the trained length; blank: no value"),
    )
    figure.suptitle("\n".join((title, *notes)), x=0.01, ha="left", fontsize=10)
    return figure


@styled
def along(table: pd.DataFrame, styles: Mapping[str, Style]) -> Figure:
    """The axis down of a grid as curves: mean and band over seeds, at L and at the longest length. As `fields`."""
    lengths = ends_of(table)
    down = _ranges(table[table["length"].isin(lengths)], "down")
    _, height = _beside_legend(table["encoding"])
    figure = Figure(figsize=(3.3 * len(lengths) + 3.2, height), layout="constrained")
    panels = figure.subplots(1, len(lengths), sharey=True, squeeze=False)[0]
    counts: list[int] = []
    for axes, length in zip(panels, lengths, strict=True):
        here = table[table["length"] == length]
        counts += _draw_along(axes, here, list(down), styles)
        multiple = length / int(here["train_length"].iloc[0])
        axes.set_title(t("length {length:,} ({multiple:g}×)", length=length, multiple=multiple), fontsize=11)
        axes.set_xticks(range(len(down)), list(down.values()), rotation=90 if len(down) > 6 else 0)
        axes.set_xlabel(_axis(table, "down"))
    _metric_axis(panels[0], table)
    _legend(panels[-1], [(name, styles[name], name) for name in sorted(set(table["encoding"]))])
    title = t("{task}: by {axis}", task=_text(table, "grid"), axis=_axis(table, "down"))
    note = t("mean; band: {interval}", interval=seeds_phrase(counts))
    figure.suptitle(f"{title}\n{note}", x=0.01, ha="left", fontsize=10)
    return figure


@styled
def attention(probe: Probe, layers: Sequence[int] | None = None) -> Figure:
    """Attention on one sentence: a panel a head, layers below each other (default: all), words on both axes."""
    chosen = range(len(probe.attention)) if layers is None else layers
    heads = probe.attention.shape[1]
    columns = min(heads, HEAD_COLUMNS)
    rows = len(chosen) * math.ceil(heads / columns)
    grid = _PanelGrid.around(probe.words, rows, columns)
    figure = Figure(figsize=(grid.width, grid.height))
    per_layer = rows // len(chosen) * columns
    for at, layer in enumerate(chosen):
        for head in range(heads):
            row, column = divmod(at * per_layer + head, columns)
            axes = figure.add_axes(grid.panel(row, column))
            _draw_attention(axes, probe, layer, head, first_column=column == 0)
    bar = figure.colorbar(axes.images[0], cax=figure.add_axes(grid.bar()), ticks=[0, 0.05, 0.2, 0.5, 1])
    bar.set_label(t("attention weight (square-root scale)"))
    bar.outline.set_visible(False)
    figure.text(0.1 / grid.width, 1 - 0.15 / grid.height, probe_title(probe, t("attention")), fontsize=13, va="top")
    note = t("rows: the word that attends; columns: the word attended to; blank: not visible")
    figure.text(0.1 / grid.width, 1 - 0.45 / grid.height, note, fontsize=9, color=MUTED, va="top")
    return figure


@styled
def structure(probes: Sequence[Probe], layer: int = 0) -> Figure:
    """The score of a fixed query and key by their distance: a panel an encoding, a line a head."""
    columns = min(len(probes), 3)
    rows = math.ceil(len(probes) / columns)
    width, height = max(3.6 * columns, 6.4), 2.9 * rows + 1.6
    figure = Figure(figsize=(width, height))
    # In inches: to measure the labels of thirty panels would take seconds.
    edges = {"left": 0.85 / width, "right": 1 - 0.15 / width, "bottom": 1.15 / height, "top": 1 - 0.95 / height}
    panels = figure.subplots(rows, columns, squeeze=False, gridspec_kw={**edges, "wspace": 0.24, "hspace": 0.42})
    panels = panels.ravel()
    heads = max(probe.structure.shape[1] for probe in probes)
    colors = seaborn.color_palette("viridis", heads + 1)[:heads]  # its last colour is too light for a line
    for axes, probe in zip(panels, probes, strict=False):
        for head, scores in enumerate(probe.structure[layer]):
            axes.plot(scores, color=colors[head], linewidth=1.5)
        _trained_line(axes, probe.train_length)
        axes.set_title(f"{drawable(probe.encoding)} (L = {probe.train_length:,})", fontsize=11)
        axes.margins(x=0)
        axes.locator_params(nbins=4)
        axes.set_xlabel(t("distance (tokens)"))
    for axes in panels[len(probes) :]:
        axes.set_axis_off()
    for axes in panels[::columns]:
        axes.set_ylabel(t("score before softmax"))
    handles = [Line2D([], [], color=color, label=t("head {n}", n=head + 1)) for head, color in enumerate(colors)]
    handles.append(_upright_key(t("trained length L")))
    figure.legend(handles=handles, loc="lower center", ncols=min(len(handles), 2 * columns + 2))
    seeds = sorted({probe.seed for probe in probes})
    title = t("Score of a fixed query and key by distance")
    note = t("layer {layer} (1 seed: {seeds}; no interval)", layer=layer + 1, seeds=listed(seeds))
    figure.suptitle(f"{title}\n{note}", x=0.01, y=1 - 0.1 / height, ha="left", fontsize=12)
    return figure


@styled
def training_curves(table: pd.DataFrame, styles: Mapping[str, Style]) -> Figure:
    """Training loss by step: every seed thin, their mean bold. `table`: `aggregate.training_curves` of one task."""
    figure, axes = _canvas(*_beside_legend(table["encoding"]))
    for encoding, own in table.groupby("encoding"):
        style = styles[str(encoding)]
        curves = own.pivot(index="step", columns="seed", values="loss_nats")
        axes.plot(curves, color=style.color, linewidth=0.7, alpha=0.45)
        for early in (curve.dropna() for _, curve in curves.items() if curve.isna().any()):
            axes.plot(early.index[-1:], early.iloc[-1:], "x", color=style.color, markersize=9, markeredgewidth=2.5)
        mean = curves.mean(axis=1)[curves.notna().all(axis=1)]
        axes.plot(mean, color=style.color, linestyle=style.line_style)
    axes.set_title(t("{task}: training loss", task=_text(table, "task")), pad=24)
    seeds = table.groupby("encoding")["seed"].nunique()
    note = t(
        "thin: each seed; bold: mean over {seeds}, as far as all came (×: one stopped); no interval",
        seeds=_seed_span(seeds),
    )
    _note(axes, note)
    axes.set_xlabel(t("step"))
    axes.set_ylabel(METRICS["loss_nats"])
    axes.margins(x=0.01)
    last = table.sort_values("step").groupby("encoding")["loss_nats"].last().sort_values(ascending=False)
    _legend(axes, [(str(encoding), styles[str(encoding)], str(encoding)) for encoding in last.index], markers=False)
    return figure


@styled
def drift(curves: Mapping[str, Sequence[tuple[int, float]]], tolerated: float) -> Figure:
    """What bfloat16 moves, by position: for each encoding (position, share of attention), as `check` measures it."""
    figure, axes = _canvas(*_beside_legend(curves))
    styles = palette(curves)
    for encoding, points in curves.items():
        style = styles[encoding]
        places = [position + 1 for position, _ in points]
        shares = [max(share, LEAST_SHARE) for _, share in points]
        axes.plot(places, shares, color=style.color, marker=style.marker, linestyle=style.line_style)
    axes.axhline(tolerated, color=MUTED, linestyle=(0, (3, 3)), linewidth=1.2)
    where: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "fontsize": 9, "color": MUTED}
    axes.text(0.01, tolerated / 1.08, t("most that is tolerated: {value:g}", value=tolerated), va="top", **where)
    axes.set_title(t("bfloat16 against float32, by position"), pad=24)
    _note(axes, t("last 8 tokens of each length; 1 untrained model, no interval"))
    last = max(points[-1][0] + 1 for points in curves.values())
    _log2_axis(axes, _powers(8, last)[::-2][::-1])
    axes.set_xlabel(t("position in the text (tokens, log scale)"))
    axes.set_yscale("log")
    axes.set_ylim(LEAST_SHARE, 1)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylabel(t("share of attention that moves\n(0 to 1, log scale); lower is better"))
    ends = sorted(curves, key=lambda encoding: -curves[encoding][-1][1])
    _legend(axes, [(encoding, styles[encoding], encoding) for encoding in ends])
    return figure


@styled
def paired(table: pd.DataFrame, first: str, second: str, styles: Mapping[str, Style]) -> Figure:
    """Two encodings: both curves, and the paired difference with its interval at each length. As `extrapolation`."""
    own = table[table["encoding"].isin([first, second])]
    points, differences = over_seeds(own), compare(own, first, second)
    figure = Figure(figsize=(_beside_legend([first, second])[0], 6.2), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    _draw_curves(top, points, styles)
    pair = {"first": drawable(first), "second": drawable(second)}
    top.set_title(t("{task}: {first} and {second}", task=_text(points, "task"), **pair), pad=24)
    _note(top, _band_note(points))
    _metric_axis(top, points)
    _trained_line(top, int(points["train_length"].iloc[0]))
    _legend(top, _with_ends(points, styles))
    _draw_differences(bottom, differences, first, second)
    _trained_line(bottom, int(points["train_length"].iloc[0]))
    _length_axis(bottom, points)
    return figure


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    """A figure of one panel, sizes in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _draw_curves(axes: Axes, points: pd.DataFrame, styles: Mapping[str, Style]) -> None:
    for encoding, own in points[points["n"] > 0].groupby("encoding"):
        style = styles[str(encoding)]
        axes.plot(own["length"], own["mean"], marker=style.marker, **style.stroke)
        _band(axes, own["length"], own, style)
    chance = points.drop_duplicates("length").sort_values("length").dropna(subset="chance")
    if not chance.empty:
        axes.plot(chance["length"], chance["chance"], label=t("chance"), **CHANCE_LINE)


def _band(axes: Axes, places: pd.Series, points: pd.DataFrame, style: Style) -> None:
    if not style.light:
        axes.fill_between(places, points["low"], points["high"], color=style.color, alpha=0.15, linewidth=0)


def _draw_differences(axes: Axes, differences: pd.DataFrame, first: str, second: str) -> None:
    known = differences[differences["n"] > 0]
    margins = (known["high"] - known["difference"]).fillna(0)
    axes.axhline(0, color=MUTED, linewidth=1.2)
    axes.errorbar(
        known["length"], known["difference"], yerr=margins, color="#222222", marker="o", capsize=4, linewidth=1.5
    )
    lower_is_better = bool(differences["lower_is_better"].iloc[0])
    above, below = (second, first) if lower_is_better else (first, second)
    title = t(
        "{first} − {second}  (bars: {interval}, paired)",
        first=drawable(first),
        second=drawable(second),
        interval=seeds_phrase(list(known["n"])),
    )
    axes.set_title(title, fontsize=10)
    axes.set_ylabel(t("difference in\n{metric}", metric=METRICS[_text(differences, "metric")]))
    side: dict[str, Any] = {"transform": axes.transAxes, "fontsize": 9, "color": MUTED, "ha": "left"}
    axes.text(1.02, 0.98, t("above 0:\n{name} is better", name=drawable(above)), va="top", **side)
    axes.text(1.02, 0.02, t("below 0:\n{name} is better", name=drawable(below)), va="bottom", **side)


def _bin(group: pd.DataFrame) -> tuple[float, float, float, float, int]:
    """Geometric centre of a bin (positions counted from 1), and the loss over seeds there."""
    start, stop = int(group["position_start"].iloc[0]), int(group["position_stop"].iloc[0])
    estimate = mean_interval(list(group["loss_nats"]))
    return math.sqrt((start + 1) * stop), estimate.value, estimate.low, estimate.high, estimate.n


def ends_of(table: pd.DataFrame) -> list[int]:
    """The trained and the longest length of a grid, as far as they were measured."""
    return sorted({int(table["train_length"].iloc[0]), int(table["length"].max())} & set(table["length"]))


def range_label(first: int, last: int) -> str:
    """A range of an axis: "3-4", or "20" where it is a single value."""
    return f"{first:,}" if first == last else f"{first:,}–{last:,}"


def _ranges(table: pd.DataFrame, side: str) -> dict[int, str]:
    """The ranges of an axis of a grid in their order: the first value of each, and its label."""
    known = table.drop_duplicates(f"{side}_first").sort_values(f"{side}_first")
    return {
        int(first): range_label(int(first), int(last))
        for first, last in zip(known[f"{side}_first"], known[f"{side}_last"], strict=True)
    }


def _draw_fields(axes: Axes, grid: pd.DataFrame, limits: tuple[float, float], cmap: str) -> None:
    """One heatmap of means, on the scale of all."""
    low, high = limits
    seaborn.heatmap(
        grid,
        ax=axes,
        cmap=cmap,
        vmin=low,
        vmax=high,
        annot=True,
        fmt=".2f",
        annot_kws={"fontsize": 7},
        linewidths=0.8,
        linecolor="white",
        cbar=False,
    )
    _readable(axes, columns=grid.shape[1])
    axes.grid(visible=False)
    axes.set_facecolor("#EFEFEF")
    axes.tick_params(length=0)


def _outline_trained(axes: Axes, own: pd.DataFrame, down: list[int], across: list[int]) -> None:
    """A frame around the fields whose problems are no longer than those of training."""
    inside = own[own["length"] <= own["train_length"]]
    if not inside.empty:
        rows, columns = down.index(inside["down_first"].max()) + 1, across.index(inside["across_first"].max()) + 1
        axes.add_patch(Rectangle((0, 0), columns, rows, fill=False, edgecolor="black", linewidth=1.8, clip_on=False))


def _draw_along(axes: Axes, here: pd.DataFrame, down: list[int], styles: Mapping[str, Style]) -> list[int]:
    """The curves of one length; on how many seeds their points stand."""
    bounded, counts = here["metric"].iloc[0] in BOUNDED, []
    for name, own in here.groupby("encoding"):
        style, by_place = styles[str(name)], own.groupby("down_first")["value"].agg(list).sort_index()
        places = [down.index(first) for first in by_place.index]
        points = [mean_interval(values, bounded=bounded) for values in by_place]
        low, high = [point.low for point in points], [point.high for point in points]
        mark: dict[str, Any] = {"marker": style.marker, "linestyle": style.line_style}
        axes.plot(places, [point.value for point in points], color=style.color, **mark)
        axes.fill_between(places, low, high, color=style.color, alpha=0.15, linewidth=0)
        counts += [point.n for point in points]
    chance = float(here["chance"].iloc[0])
    if math.isfinite(chance):
        axes.axhline(chance, label=t("chance"), **CHANCE_LINE)
    return counts


def _text(table: pd.DataFrame, column: str) -> str:
    """The one text that a column holds; a figure mixes no two tasks, settings or metrics."""
    names = sorted(set(table[column]))
    if len(names) != 1:
        raise ValueError(f"a figure draws one {column}, but was given {_join(names) or 'none'}")
    return drawable(str(names[0]))


def _axis(table: pd.DataFrame, side: str) -> str:
    """An axis of a grid, for people."""
    return AXES.get(_text(table, side), _text(table, side))


def _note(axes: Axes, text: str) -> None:
    # In points: a share of the height would reach the title of a tall panel.
    place: dict[str, Any] = {"xycoords": "axes fraction", "xytext": (0, 6), "textcoords": "offset points"}
    axes.annotate(text, (0, 1), fontsize=9, color=MUTED, va="bottom", **place)


def _band_note(points: pd.DataFrame) -> str:
    phrase = seeds_phrase(list(points["n"]))
    return t("mean; band: {interval}", interval=phrase) if points["n"].max() > 1 else phrase


def _light_note(styles: Mapping[str, Style]) -> str:
    return t("thin: mean alone") if any(style.light for style in styles.values()) else ""


def _parts(*notes: str) -> str:
    return language().semicolon.join(note for note in notes if note)


def _seed_span(counts: Iterable[int]) -> str:
    known = sorted({int(count) for count in counts if count})
    if not known:
        return t("no seeds")
    return seeds_of(known[0]) if len(known) == 1 else t("{low} to {high} seeds", low=known[0], high=known[-1])


def arrow(*, lower_is_better: bool) -> str:
    """Which way is better."""
    return t("lower is better") if lower_is_better else t("higher is better")


def _metric_axis(axes: Axes, points: pd.DataFrame) -> None:
    metric = _text(points, "metric")
    axes.set_ylabel(f"{METRICS[metric]}\n{arrow(lower_is_better=bool(points['lower_is_better'].iloc[0]))}")
    if metric in BOUNDED:
        axes.set_ylim(-0.03, 1.03)


def _length_axis(axes: Axes, points: pd.DataFrame) -> None:
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(sorted(set(points["length"]))))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(sorted(set(points["length"])), _length_labels(points))
    axes.set_xlabel(t("problem length (multiple of the trained length)"))


def _length_labels(points: pd.DataFrame) -> list[str]:
    lengths = points.drop_duplicates("length").sort_values("length")
    return [
        f"{length:,}\n{multiple:g}×" for length, multiple in zip(lengths["length"], lengths["multiple"], strict=True)
    ]


def _powers(first: int, last: int) -> list[int]:
    return [2**power for power in range(math.floor(math.log2(first)), math.floor(math.log2(last)) + 1)]


def _log2_axis(axes: Axes, ticks: Sequence[int]) -> None:
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(list(ticks)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:,.0f}"))


def _trained_line(axes: Axes, length: int) -> None:
    axes.axvline(length, color=MUTED, linewidth=1.1, zorder=1, label=t("trained to L = {length:,}", length=length))


def _with_ends(points: pd.DataFrame, styles: Mapping[str, Style]) -> list[tuple[str, Style, str]]:
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


def _beside_legend(names: Iterable[str]) -> tuple[float, float]:
    """Inches of width and height at which the legend of these encodings fits beside the panel."""
    found = set(names)
    longest = max((len(drawable(name)) for name in found), default=0)
    return 8.2 + CHARACTER * max(0, longest - 12), max(4.4, 1.2 + 0.2 * len(found))


def _legend(axes: Axes, entries: Sequence[tuple[str, Style, str]], *, markers: bool = True) -> None:
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
            handles.append(_upright_key(label))
    axes.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1), borderaxespad=0, handlelength=3.2)


def _upright_key(label: str) -> Line2D:
    """The legend's key of a vertical line."""
    return Line2D([], [], color=MUTED, linestyle="", marker="|", markersize=13, markeredgewidth=1.1, label=label)


def _readable(axes: Axes, *, columns: int) -> None:
    """Figures in a heatmap's fields black or white, whichever contrasts more (WCAG 2.2, relative luminance)."""
    faces = np.asarray(axes.collections[0].get_facecolor())[:, :3]
    linear = np.where(faces <= 0.04045, faces / 12.92, ((faces + 0.055) / 1.055) ** 2.4)
    luminance = linear @ np.array([0.2126, 0.7152, 0.0722])
    for text in axes.texts:
        column, row = (int(place) for place in text.get_position())
        text.set_color("black" if luminance[row * columns + column] > 0.179 else "white")


def _absent(status: object) -> str:
    return STATUSES[str(status)] if status in ("failed", "diverged") else NOTHING


@dataclass(frozen=True, kw_only=True)
class _PanelGrid:
    """Square panels with words along them, laid out in inches: measuring hundreds of labels would take seconds."""

    rows: int
    columns: int
    side: float  # of a panel
    margin: float  # for the longest word

    @classmethod
    def around(cls, words: Sequence[str], rows: int, columns: int) -> "_PanelGrid":
        longest = max(
            (0.13 * len(word) if _is_chinese(word) else 0.075 * len(drawable(word)) for word in words), default=0
        )
        return cls(rows=rows, columns=columns, side=max(2.3, 0.15 * len(words)), margin=0.1 + longest)

    @property
    def pitch(self) -> float:
        """From the top of a row of panels to the top of the next."""
        return self.side + self.margin + 0.4

    @property
    def width(self) -> float:
        return self.margin + self.columns * (self.side + 0.15) + 1.0

    @property
    def height(self) -> float:
        return 0.6 + self.rows * self.pitch

    def panel(self, row: int, column: int) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of a panel, in shares of the figure."""
        left = self.margin + column * (self.side + 0.15)
        bottom = self.height - 0.6 - row * self.pitch - 0.35 - self.side
        return left / self.width, bottom / self.height, self.side / self.width, self.side / self.height

    def bar(self) -> tuple[float, float, float, float]:
        """The same of the colour bar."""
        left = self.margin + self.columns * (self.side + 0.15) + 0.05
        _, bottom, _, height = self.panel(0, 0)
        return left / self.width, bottom, 0.15 / self.width, height


def _draw_attention(axes: Axes, probe: Probe, layer: int, head: int, *, first_column: bool) -> None:
    weights = seen(probe.attention[layer, head])
    axes.imshow(weights, cmap=WEIGHTS, norm=PowerNorm(0.5, vmin=0, vmax=1), interpolation="nearest")
    axes.set_title(t("layer {layer}, head {head}", layer=layer + 1, head=head + 1), fontsize=10)
    _word_axes(axes, probe.words, first_column=first_column)


def seen(weights: NDArray[np.floating[Any]]) -> np.ma.MaskedArray[Any, Any]:
    """Attention weights without those of words that are not visible, which is another thing than hardly attended to."""
    return np.ma.masked_equal(weights, 0)


def _word_axes(axes: Axes, words: Sequence[str], *, first_column: bool) -> None:
    axes.grid(visible=False)
    axes.tick_params(length=0, pad=2)
    size = 8 if len(words) <= 32 else 6
    axes.set_xticks(range(len(words)), [_upright(drawable(word)) for word in words], fontsize=size, linespacing=1.15)
    for label, word in zip(axes.get_xticklabels(), words, strict=True):
        label.set_rotation(0 if _is_chinese(word) else 90)
    axes.set_yticks(range(len(words)), [drawable(word) for word in words] if first_column else [], fontsize=size)


def _is_chinese(word: str) -> bool:
    return re.fullmatch(r"[\u3000-\u9fff\uff00-\uffef]+", word) is not None


def _upright(word: str) -> str:
    """Chinese is read from top to bottom as it stands; other writing is turned instead."""
    return "\n".join(word) if _is_chinese(word) else word


def probe_title(probe: Probe, what: str) -> str:
    """What a look inside one model is headed by."""
    return t(
        "{encoding}: {what}, trained on {task} (1 seed: {seed}; no interval)",
        encoding=drawable(probe.encoding),
        what=what,
        task=drawable(probe.task),
        seed=probe.seed,
    )


def _join(items: Iterable[object]) -> str:
    return ", ".join(str(item) for item in items)
