"""Position structure: how the score of a fixed query and key changes with the distance between them."""

import math
from collections.abc import Sequence

import seaborn  # type: ignore[import-untyped]
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.reports.draw.axes import draw_trained_line, draw_upright_key
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.fonts import drawable
from benchmark.reports.draw.style import VALUES
from benchmark.reports.tables.probes import Probe
from benchmark.reports.words import listed, t


@styled
def structure(probes: Sequence[Probe], layer: int = 0) -> Figure:
    """The score of a fixed query and key by distance: one panel per encoding, one line per head."""
    columns = min(len(probes), 3)
    rows = math.ceil(len(probes) / columns)
    width, height = max(3.6 * columns, 6.4), 2.9 * rows + 1.6
    figure = Figure(figsize=(width, height))
    # Edges in inches: measuring the labels of thirty panels would take seconds.
    edges = {"left": 0.85 / width, "right": 1 - 0.15 / width, "bottom": 1.15 / height, "top": 1 - 0.95 / height}
    panels = figure.subplots(rows, columns, squeeze=False, gridspec_kw={**edges, "wspace": 0.24, "hspace": 0.42})
    panels = panels.ravel()
    heads = max(probe.structure.shape[1] for probe in probes)
    colors = seaborn.color_palette(VALUES, heads + 1)[:heads]  # the last colour is too light for a line
    for axes, probe in zip(panels, probes, strict=False):
        for head, scores in enumerate(probe.structure[layer]):
            axes.plot(scores, color=colors[head], linewidth=1.5)
        draw_trained_line(axes, probe.train_length)
        axes.set_title(f"{drawable(probe.encoding)} (L = {probe.train_length:,})", fontsize=11)
        axes.margins(x=0)
        axes.locator_params(nbins=4)
        axes.set_xlabel(t("distance (tokens)"))
    for axes in panels[len(probes) :]:
        axes.set_axis_off()
    for axes in panels[::columns]:
        axes.set_ylabel(t("score before softmax"))
    handles = [Line2D([], [], color=color, label=t("head {n}", n=head + 1)) for head, color in enumerate(colors)]
    handles.append(draw_upright_key(t("trained length L")))
    figure.legend(handles=handles, loc="lower center", ncols=min(len(handles), 2 * columns + 2))
    seeds = sorted({probe.seed for probe in probes})
    title = t("Score of a fixed query and key by distance")
    note = t("layer {layer} (1 seed: {seeds}; no range)", layer=layer + 1, seeds=listed(seeds))
    figure.suptitle(f"{title}\n{note}", x=0.01, y=1 - 0.1 / height, ha="left", fontsize=12)
    return figure
