"""Interactive curves as plotly figures in plain data, drawn in the browser by templates/curves.js.

Colours are names such as "$text" or "$series-2/0.16" (a colour of the stylesheet, with its opacity). The page looks
them up when it draws, so a figure follows the reader's light or dark theme. All outside text is escaped, because plotly
interprets some HTML in names and labels.
"""

import html
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmark.reports.draw.style import COLORS, REFERENCE, Style
from benchmark.reports.page.exhibit import PlotlyFigure
from benchmark.reports.phrases import DOTS
from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.words import t

SYMBOLS = {  # matplotlib's markers: plotly's names
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "x",
}

HOVER = "<b>%{customdata[0]}</b><br>%{customdata[1]}<br>%{customdata[2]}<br>%{customdata[3]}<extra></extra>"


@dataclass(frozen=True, kw_only=True)
class Point:
    """A value of a curve, at a length or position in tokens."""

    at: float
    label: str  # of the place, in words
    estimate: Estimate
    shown: str  # the estimate, in words
    each: tuple[tuple[int, float], ...] = ()  # seed and value


@dataclass(frozen=True, kw_only=True)
class Curve:
    """The values of one encoding, in its style."""

    name: str
    style: Style
    points: tuple[Point, ...]


@dataclass(frozen=True, kw_only=True)
class ChartAxes:
    """Titles and ticks of the axes, and the landmarks: the trained length, chance and the best shortcut."""

    x_title: str
    y_title: str
    trained_length: int
    ticks: tuple[tuple[float, str], ...]
    share: bool = False  # the value lies between 0 and 1
    chance: tuple[tuple[float, float], ...] = ()  # (length, value)
    shortcut: tuple[tuple[float, float], ...] = ()
    shortcut_name: str = ""  # in words, for the tip


def line_chart(curves: Sequence[Curve], axes: ChartAxes) -> PlotlyFigure:
    """Curves with bands and seeds over a logarithmic axis of lengths."""
    behind_first = sorted(curves, key=lambda curve: not curve.style.light)
    traces = [
        trace for curve in behind_first for trace in (*_marks(curve), *_bands(curve), *_seeds(curve), _line(curve))
    ]
    if axes.chance:
        traces.append(_landmark(t("chance"), t("chance"), axes.chance, "dot"))
    if axes.shortcut:
        traces.append(_landmark(t("shortcut"), plain(axes.shortcut_name), axes.shortcut, "longdashdot"))
    return {"data": traces, "layout": _layout(axes)}


def plain(text: str) -> str:
    """A text escaped so that plotly shows it literally."""
    return html.escape(text, quote=False)


def number(value: float) -> float | None:
    """A value as JSON can hold it: None for NaN."""
    return round(value, 6) if math.isfinite(value) else None


def series(style: Style) -> str:
    """The stylesheet's name for an encoding's colour."""
    if style.light:
        return "$axis"
    return "$reference" if style.color == REFERENCE else f"$series-{COLORS.index(style.color)}"


def _line(curve: Curve) -> PlotlyFigure:
    color, light = series(curve.style), curve.style.light
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": plain(curve.name),
        "legendgroup": plain(curve.name),
        "x": [point.at for point in curve.points],
        "y": [number(point.estimate.value) for point in curve.points],
        "customdata": [
            [plain(curve.name), plain(point.label), plain(point.shown), plain(_spelled(point))]
            for point in curve.points
        ],
        "hovertemplate": HOVER,
        "line": {"color": color, "width": 1 if light else 2.25, "dash": curve.style.dash},
        "marker": {"color": color, "size": 5 if light else 7, "symbol": SYMBOLS[curve.style.marker]},
        "opacity": 0.6 if light else 1,
        "connectgaps": False,
        "meta": {"light": light},
    }


def _marks(curve: Curve) -> Iterable[PlotlyFigure]:
    """A broad mark behind a curve that may be the best, in a colour that is nobody's own."""
    if curve.style.best:
        yield {
            "type": "scatter",
            "mode": "lines",
            "legendgroup": plain(curve.name),
            "showlegend": False,
            "hoverinfo": "skip",
            "x": [point.at for point in curve.points],
            "y": [number(point.estimate.value) for point in curve.points],
            "line": {"color": "$best/0.3", "width": 11},
            "connectgaps": False,
        }


def _spelled(point: Point) -> str:
    values = _few(point)
    return t("each seed: {values}", values=" ".join(f"{value:.2f}" for value in values)) if values else ""


def _bands(curve: Curve) -> Iterable[PlotlyFigure]:
    """The lowest to the highest seed: a closed outline per unbroken run of points, and none if the curve is light."""
    if curve.style.light:
        return
    run: list[Point] = []
    for point in (*curve.points, None):
        if point is not None and math.isfinite(point.estimate.low):
            run.append(point)
        elif run:
            yield _band(run, curve)
            run = []


def _band(run: Sequence[Point], curve: Curve) -> PlotlyFigure:
    there, back = list(run), list(reversed(run))
    return {
        "type": "scatter",
        "mode": "lines",
        "legendgroup": plain(curve.name),
        "showlegend": False,
        "hoverinfo": "skip",
        "fill": "toself",
        "fillcolor": f"{series(curve.style)}/0.16",
        "line": {"color": f"{series(curve.style)}/0", "width": 0},
        "x": [point.at for point in there + back],
        "y": [number(point.estimate.high) for point in there] + [number(point.estimate.low) for point in back],
    }


def _few(point: Point) -> list[float]:
    """The values of the seeds, if there are several but few of them."""
    return [value for _, value in point.each] if 1 < len(point.each) <= DOTS else []


def _seeds(curve: Curve) -> Iterable[PlotlyFigure]:
    """Every seed as a dot, if there are few of them and the curve is not light."""
    dots = [(point, value) for point in curve.points for value in _few(point)]
    if curve.style.light or not dots:
        return
    yield {
        "type": "scatter",
        "mode": "markers",
        "legendgroup": plain(curve.name),
        "showlegend": False,
        "x": [point.at for point, _ in dots],
        "y": [number(value) for _, value in dots],
        "hoverinfo": "skip",  # the tip of the mean has them, and dots of several encodings lie over one another
        "marker": {"color": series(curve.style), "size": 4},
        "opacity": 0.55,
    }


def _landmark(name: str, tip: str, places: Sequence[tuple[float, float]], dash: str) -> PlotlyFigure:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [place for place, _ in places],
        "y": [number(value) for _, value in places],
        "line": {"color": "$muted", "width": 1.5, "dash": dash},
        "hovertemplate": f"<b>{tip}</b><br>%{{y:.3g}}<extra></extra>",
    }


def _layout(axes: ChartAxes) -> PlotlyFigure:
    line = {"showline": True, "linecolor": "$axis", "gridcolor": "$grid", "zeroline": False, "automargin": True}
    places, labels = zip(*axes.ticks, strict=True) if axes.ticks else ((), ())
    y_range = {"range": [-0.02, 1.03]} if axes.share else {}
    return {
        "xaxis": {
            **line,
            "type": "log",
            "title": {"text": axes.x_title},
            "tickmode": "array",
            "tickvals": list(places),
            "ticktext": list(labels),
            "tickangle": 0,
        },
        "yaxis": {**line, "title": {"text": axes.y_title}, **y_range},
        "shapes": [_trained_length(axes.trained_length)],
        "annotations": [_trained_label(axes.trained_length)],
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "bgcolor": "$surface", "bordercolor": "$axis", "font": {"color": "$text"}},
        "showlegend": False,  # the page has its own, which works from the keyboard
        "margin": {"l": 56, "r": 12, "t": 54, "b": 48},
        "paper_bgcolor": "$surface",
        "plot_bgcolor": "$surface",
        "font": {"color": "$text", "size": 13},
    }


def _trained_length(length: int) -> PlotlyFigure:
    line = {"color": "$muted", "width": 1.25, "dash": "dash"}
    return {"type": "line", "yref": "paper", "x0": length, "x1": length, "y0": 0, "y1": 1, "line": line}


def _trained_label(length: int) -> PlotlyFigure:
    return {
        "x": math.log10(length),
        "xanchor": "left",
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "text": t("trained length"),
        "showarrow": False,
        "font": {"size": 11, "color": "$muted"},
    }
