"""Position structure: how the score of a fixed query and key changes with the distance between them."""

import math
from collections.abc import Sequence

import seaborn  # type: ignore[import-untyped]
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.reports.draw.axes import draw_trained_line, draw_upright_key
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.fonts import drawable
from benchmark.reports.tables.probes import Probe
from benchmark.reports.words import t


@styled
def structure(probes: Sequence[Probe], layer: int = 0) -> Figure:
    """The score of a fixed query and key by distance: one panel per encoding, one line per head."""
    columns = min(len(probes), 3)
    rows = math.ceil(len(probes) / columns)
    width, height = 2.6 * columns + 0.4, 2.2 * rows + 0.7
    figure = Figure(figsize=(width, height))
    # Edges in inches: measuring the labels of thirty panels would take seconds.
    edges = {"left": 0.7 / width, "right": 1 - 0.15 / width, "bottom": 0.85 / height, "top": 1 - 0.3 / height}
    panels = figure.subplots(rows, columns, squeeze=False, gridspec_kw={**edges, "wspace": 0.24, "hspace": 0.42})
    panels = panels.ravel()
    heads = max(probe.structure.shape[1] for probe in probes)
    colors = seaborn.husl_palette(heads, l=0.58)  # equally bright, so all are legible on a light and on a dark ground
    for axes, probe in zip(panels, probes, strict=False):
        for head, scores in enumerate(probe.structure[layer]):
            axes.plot(scores, color=colors[head], linewidth=1.5)
        draw_trained_line(axes, probe.train_length)
        axes.set_title(f"{drawable(probe.encoding)} (L = {probe.train_length:,})")
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
    return figure
