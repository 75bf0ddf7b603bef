"""Tasks by encodings: the value at L and at 4 L, with its interval and chance, as one Markdown table.

Tasks are rows and encodings columns, as results are written into a document; the report's own summary has it the other
way round. A text has a second pair of rows, bits per character: the one figure that compares tokenizers.
"""

import pandas as pd

from benchmark.reports.page.fields import place, value_field
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.table import Field, Table
from benchmark.reports.phrases import NOTHING, qualified, seeds_phrase
from benchmark.reports.stats.points import arranged, over_seeds
from benchmark.reports.stats.summary import best_and_tied
from benchmark.reports.words import t
from benchmark.reports.write.markdown import markdown_table

MULTIPLES = (1, 4)  # of the trained length
BITS = "bits_per_character"


def render(selection: Selection) -> str:
    """The table, and a line below it that says what its figures are."""
    names = {(row[0], row[1]): qualified(*row) for row in arranged(selection.shown)}
    rows = [row for panel in selection.panels for metric in _metrics(panel) for row in _rows(panel, metric, names)]
    seeds = seeds_phrase([int(count) for count in over_seeds(selection.shown)["n"]])
    table = Table(
        caption=t(
            "Mean [{seeds}] at the trained length L and at 4 L; best: the best mean of a row, tied: cannot be told "
            "from it; chance: a guesser; higher is better, except of a loss in nats and of bits per character.",
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
    """One row for each place that was measured."""
    own = panel.metric_rows(metric)
    return [
        _row(panel, metric, own[own["length"] == length], length, names)
        for length in panel.lengths
        if length in [multiple * panel.train_length for multiple in MULTIPLES]
    ]


def _row(
    panel: Panel, metric: str, own: pd.DataFrame, length: int, names: dict[tuple[str, str], str]
) -> tuple[Field, ...]:
    points = {(point["trained_with"], point["encoding"]): point for point in over_seeds(own).to_dict("records")}
    marks = _marks(own[own["league"] == ""])
    chance = next((point["chance"] for point in points.values() if point["chance"] == point["chance"]), None)
    return (
        Field(text=panel.task),
        Field(text=metric.replace("_", " ")),
        Field(text=place(panel, length)),
        Field(text=NOTHING if chance is None else f"{chance:.2f}"),
        *(_value(points.get(pair), marks.get(pair[1], "")) for pair in names),
    )


def _value(point: dict[object, object] | None, mark: str) -> Field:
    if point is None:
        return Field(text=t("missing"))
    mean, low, high = (float(str(point[name])) for name in ("mean", "low", "high"))
    n, seeds = (int(str(point[name])) for name in ("n", "seeds"))
    return value_field(mean, low, high, str(point["status"]), n, seeds, mark)


def _marks(own: pd.DataFrame) -> dict[str, str]:
    """Of the encodings that are ranked together, the best and those that cannot be told from it."""
    best, tied = best_and_tied(own) if len(own) else (None, set[str]())
    return {**dict.fromkeys(tied, "tied"), **({best: "best"} if best else {})}
