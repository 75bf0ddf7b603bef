"""Parts of curves over length that several sections share: interactive twins, captions, alternative texts, numbers."""

from collections.abc import Sequence

import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.draw.interactive import ChartAxes, Curve, Point, line_chart
from benchmark.reports.draw.style import Styles
from benchmark.reports.page.exhibit import PlotlyFigure
from benchmark.reports.page.fields import listing, name_field, place, point_field
from benchmark.reports.page.rows import CurveRow, PointRow, typed_rows
from benchmark.reports.page.selection import Panel
from benchmark.reports.page.table import Field, Table
from benchmark.reports.phrases import NOTHING, curve_key, seeds_phrase, shortcut_label, spell
from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.floor import ShortcutLine, shortcut_line
from benchmark.reports.stats.points import by_quality
from benchmark.reports.words import listed, said, sentences, t


def curve_alt(panel: Panel, what: str, names: Sequence[str]) -> str:
    """The alternative text of a figure of curves."""
    return t(
        "Line chart of {metric} over length for {encodings} on {task}, up to {farthest:g} times the trained length. "
        "The numbers are in the table below it.",
        metric=what,
        encodings=listed(names),
        task=panel.task,
        farthest=panel.lengths[-1] / panel.train_length,
    )


def interactive_curves(panel: Panel, points: pd.DataFrame, what: str, styles: Styles) -> PlotlyFigure:
    """The interactive twin of a figure of `points.over_seeds`."""
    shortcut = shortcut_line(points)
    return line_chart(
        [_over_lengths(name, points[points["encoding"] == name], styles) for name in sorted(set(points["encoding"]))],
        ChartAxes(
            x_title=t("problem length (log scale)"),
            y_title=what,
            trained_length=panel.train_length,
            ticks=tuple((length, _tick(panel, length)) for length in panel.lengths),
            share=METRICS[points["metric"].iloc[0]].bounded,
            chance=_chance(points),
            shortcut=shortcut.places if shortcut else (),
            shortcut_name=shortcut_label(shortcut.names) if shortcut else "",
        ),
    )


def curve_caption(panel: Panel, points: pd.DataFrame) -> str:
    """Trained length of a figure, what its curves show, the seeds, and the best shortcut where it is drawn."""
    curves = t(
        "L = {length}; {key} (seeds {seeds}).",
        length=panel.train_length,
        key=curve_key(list(points["n"])),
        seeds=listing(panel.seeds),
    )
    shortcut = shortcut_line(points)
    if shortcut is None:
        return curves
    return sentences(curves, t("Dash-dotted: the best shortcut ({names}).", names=listed(map(said, shortcut.names))))


def shown_estimate(estimate: Estimate) -> str:
    """A mean with what stands behind it: "0.97 [0.95, 0.99], lowest and highest of 3 seeds"."""
    value = spell(estimate.value, estimate.low, estimate.high)
    return t("mean {value}, {seeds}", value=value, seeds=seeds_phrase([estimate.n]))


def curve_numbers(panel: Panel, points: pd.DataFrame, what: str) -> Table:
    """The table of encodings x lengths below a figure."""
    shortcut = shortcut_line(points)
    by_place = {(row.encoding, row.length): row for row in typed_rows(points, PointRow)}
    return Table(
        caption=t("{task}: {metric}, mean [lowest and highest seed].", task=panel.task, metric=what),
        columns=(t("encoding"), *(place(panel, length) for length in panel.lengths)),
        rows=(
            *(
                (name_field(*name), *(_number(by_place.get((name[1], length))) for length in panel.lengths))
                for name in by_quality(panel.headline)
            ),
            *((_shortcut_row(panel, shortcut),) if shortcut else ()),
        ),
    )


def _shortcut_row(panel: Panel, line: ShortcutLine) -> tuple[Field, ...]:
    values = dict(line.places)
    shown = (f"{values[length]:.2f}" if length in values else NOTHING for length in panel.lengths)
    return Field(text=shortcut_label(line.names)), *(Field(text=text) for text in shown)


def _tick(panel: Panel, length: int) -> str:
    multiple = length / panel.train_length
    return f"{length}<br>{'' if multiple == 1 else format(multiple, 'g')}L"


def _chance(points: pd.DataFrame) -> tuple[tuple[float, float], ...]:
    known = points[points["chance"].notna()].drop_duplicates("length").sort_values("length")
    return tuple(zip(known["length"].astype(float), known["chance"].astype(float), strict=True))


def _over_lengths(name: str, rows: pd.DataFrame, styles: Styles) -> Curve:
    ordered = typed_rows(rows.sort_values("length"), CurveRow)
    return Curve(name=name, style=styles[name], points=tuple(map(_point, ordered)))


def _point(row: CurveRow) -> Point:
    return Point(
        at=float(row.length),
        label=t("length {length} = {multiple:g} L", length=row.length, multiple=row.multiple),
        estimate=row.estimate,
        shown=shown_estimate(row.estimate),
        each=row.each,
    )


def _number(row: PointRow | None) -> Field:
    return point_field(row) if row else Field(text=t("missing"))
