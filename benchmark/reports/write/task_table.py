"""Tasks x encodings as one Markdown table: mean and range at L and at 4 L, chance, and the best shortcut.

Tasks are rows and encodings are columns, as in a document; the report's own summary is the other way round. Texts have
a second pair of rows for bits per character, the only measure that compares across tokenizers.
"""

import math

import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.page.fields import marked, place, point_field
from benchmark.reports.page.rows import PointRow, typed_rows
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.table import Field, Table
from benchmark.reports.phrases import NOTHING, qualified, seeds_phrase
from benchmark.reports.stats.floor import Floor
from benchmark.reports.stats.points import by_quality, over_seeds
from benchmark.reports.stats.verdict import Mark, by_league
from benchmark.reports.words import said, t
from benchmark.reports.write.markdown import markdown_table

MULTIPLES = (1, 4)  # of the trained length
BITS = "bits_per_character"

Given = tuple[Mark, int, Floor]  # a mark, how many more seeds would settle who is best, and what explains values


def render(selection: Selection) -> str:
    """The table, with a caption that explains its values."""
    names = {row[:2]: qualified(*row) for row in by_quality(*(panel.headline for panel in selection.panels))}
    rows = [row for panel in selection.panels for metric in _metrics(panel) for row in _rows(panel, metric, names)]
    seeds = seeds_phrase([int(count) for count in over_seeds(selection.shown)["n"]])
    table = Table(
        caption=t(
            "Mean [{seeds}] at the trained length L and at 4 L. Best: on most seeds it does better than every other "
            "that could be best; among the best: not ruled out, and neither are others; highest mean (of a loss, "
            "lowest): not yet tested, for lack of seeds. No mark does not mean worse. Chance: the score of guessing, "
            "and with a name that of the best shortcut on the same rows, where it beats guessing by more than the "
            "margin. "
            "Higher is better, except for a loss in nats and bits per character.",
            seeds=seeds,
        ),
        columns=(t("task"), t("metric"), t("at"), t("chance"), *names.values()),
        rows=tuple(rows),
        words=frozenset({1, 2}),
    )
    return f"{markdown_table(table)}\n"


def _metrics(panel: Panel) -> list[str]:
    return [panel.metric, *([BITS] if len(panel.metric_rows(BITS)) else [])]


def _rows(panel: Panel, metric: str, names: dict[tuple[str, str], str]) -> list[tuple[Field, ...]]:
    """One row per place that was measured."""
    own = panel.metric_rows(metric)
    return [
        _row(panel, metric, own[own["length"] == length], length, names)
        for length in panel.lengths
        if length in [multiple * panel.train_length for multiple in MULTIPLES]
    ]


def _row(
    panel: Panel, metric: str, own: pd.DataFrame, length: int, names: dict[tuple[str, str], str]
) -> tuple[Field, ...]:
    table = over_seeds(own)
    points = {(point.trained_with, point.encoding): point for point in typed_rows(table, PointRow)}
    marks = _marks(own)
    return (
        Field(text=panel.task),
        Field(text=metric.replace("_", " ")),
        Field(text=place(panel, length)),
        _chance(Floor.of(own)),
        *(_value(points.get(pair), marks.get(pair)) for pair in names),
    )


def _chance(floor: Floor) -> Field:
    """Chance, with the best shortcut where that matters."""
    text = NOTHING if math.isnan(floor.chance) else f"{floor.chance:.2f}"
    if not floor.matters:
        return Field(text=text)
    shortcut = t("{shortcut}: {value}", shortcut=said(floor.name), value=f"{floor.shortcut:.2f}")
    return Field(text=text, details=(shortcut,))


def _value(point: PointRow | None, given: Given | None) -> Field:
    if point is None:
        return Field(text=t("missing"))
    lower = METRICS[point.metric].lower_is_better
    return marked(point_field(point), *given, lower_is_better=lower) if given else point_field(point)


def _marks(own: pd.DataFrame) -> dict[tuple[str, str], Given]:
    """What the one rule says of each encoding in its league."""
    verdicts = by_league(own).values()
    return {
        who: (verdict.mark(who), verdict.more_seeds, verdict.floor) for verdict in verdicts for who in verdict.means
    }
