"""Rounding drift: how much attention changes when an encoding computes in bfloat16 instead of float32."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmark.reports.draw.axes import CHANCE_LINE, draw_legend, one_panel, powers_of_two, set_log2_axis
from benchmark.reports.draw.canvas import styled
from benchmark.reports.draw.style import MUTED, palette
from benchmark.reports.words import t

LEAST_SHARE = 1e-4  # smaller shares are drawn here: a logarithmic axis has no zero


@styled
def drift(curves: Mapping[str, Sequence[tuple[int, float]]], tolerated: float) -> Figure:
    """Share of attention that moves, by position: (position, share) points per encoding, as `check` measures them."""
    figure, axes = one_panel()
    styles = palette(curves)
    for encoding, points in curves.items():
        style = styles[encoding]
        places = [position + 1 for position, _ in points]
        shares = [max(share, LEAST_SHARE) for _, share in points]
        axes.plot(places, shares, color=style.color, marker=style.marker, linestyle=style.line_style)
    axes.axhline(tolerated, label=t("tolerance: {value:g}", value=tolerated), **CHANCE_LINE)
    axes.set_title(t("last 8 tokens of each length; 1 untrained model, no range"), fontsize=9, color=MUTED)
    last = max(points[-1][0] + 1 for points in curves.values())
    set_log2_axis(axes, powers_of_two(8, last)[::-2][::-1])
    axes.set_xlabel(t("position in the text (tokens, log scale)"))
    axes.set_yscale("log")
    axes.set_ylim(LEAST_SHARE, 1)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda tick, _: f"{tick:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylabel(t("share of attention that moves\n(0 to 1, log scale); lower is better"))
    ends = sorted(curves, key=lambda encoding: -curves[encoding][-1][1])
    draw_legend(figure, axes, [(encoding, styles[encoding], encoding) for encoding in ends])
    return figure
