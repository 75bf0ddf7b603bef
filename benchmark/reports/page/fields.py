"""TODO."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.table import Field
from benchmark.reports.phrases import LEAGUES, NOTHING, metric_label, spell
from benchmark.reports.stats.estimate import mean_interval
from benchmark.reports.words import listed, t

LEAST_P = 1e-4  # smaller ones are not told apart

Row = Mapping[Any, Any]


def rows_of(panel: Panel, table: pd.DataFrame) -> Sequence[Row]:
    """The rows of a table that are of a panel's task and setting."""
    return table[(table["task"] == panel.task) & (table["setting"] == panel.setting)].to_dict("records")


def name_field(trained_with: str, encoding: str, league: str) -> Field:
    """An encoding as the first field of a row, with what must be known before it is compared."""
    details = []
    if trained_with != encoding:
        details.append(t("on {encoding}, no further training", encoding=trained_with))
    if league:
        details.append(t("{league}: a league of its own", league=LEAGUES.get(league, league)))
    return Field(text=encoding, details=tuple(details))


def summary_fields(row: Mapping[Any, Any] | None) -> tuple[Field, Field, Field]:
    """The value at L, at the longest length, and the ratio, of a row of the summary."""
    if row is None:
        return (Field(text=t("not run")),) * 3
    ratio = row["ratio"]
    return (
        _summary_field(row, "at_trained"),
        _summary_field(row, "at_longest"),
        Field(text=f"{ratio:.2f}" if math.isfinite(ratio) else NOTHING),
    )


def _summary_field(row: Mapping[Any, Any], where: str) -> Field:
    mean, low, high, n = (float(row[f"{where}_{name}"]) for name in ("mean", "low", "high", "n"))
    mark = "best" if row[f"{where}_best"] else "tied" if row[f"{where}_tied"] else ""
    return value_field(mean, low, high, row[f"{where}_status"], int(n), row["seeds"], mark)


def value_field(mean: float, low: float, high: float, status: str, n: int, seeds: int, mark: str = "") -> Field:
    """A value with its interval, and the number of seeds where it is fewer than the grid's."""
    text, _, interval = spell(mean, low, high, status).partition(" ")
    fewer = t("{n} of {all} seeds", n=n, all=seeds) if 0 < n < seeds else ""
    return Field(text=text, details=tuple(part for part in (interval, fewer) if part), mark=mark)


def unit(panel: Panel) -> str:
    """The metric of a panel and its unit."""
    return metric_label(panel.metric)


def place(panel: Panel, length: int) -> str:
    """A length as a multiple of the trained one: "16L = 1024"."""
    multiple = length / panel.train_length
    return f"L = {length}" if multiple == 1 else f"{multiple:g}L = {length}"


def cost_fields(panel: Panel, encoding: str) -> tuple[Field, Field, Field]:
    """Parameters of the models that were trained with an encoding, its own among them, and tokens per second."""
    models = panel.table[panel.table["trained_with"] == encoding].drop_duplicates("train_key")
    models = models[models["train_seconds"] > 0]
    if models.empty:
        return (Field(text=t("not run")),) * 3
    speed = mean_interval(list(models["trained_tokens"] / models["train_seconds"]))
    interval = () if math.isnan(speed.low) else (f"[{max(0.0, speed.low):,.0f}, {speed.high:,.0f}]",)
    return (
        Field(text=f"{models['parameters'].iloc[0]:,}"),
        Field(text=f"{models['encoding_parameters'].iloc[0]:,}"),
        Field(text=f"{speed.value:,.0f}", details=interval),
    )


def listing(values: Iterable[Any]) -> str:
    """Distinct numbers in order, "—" if there are none."""
    known = sorted({int(value) for value in values if not pd.isna(value)})
    return listed(known) or NOTHING


def probability(value: float) -> str:
    """A p value, for people."""
    return f"< {LEAST_P:g}" if value < LEAST_P else f"{value:.2g}"


def reach_fields(row: Row | None, seeds: int) -> tuple[Field, Field]:
    """The longest usable length and the area, of a row of `lengths.over_seeds`."""
    if row is None:
        return Field(text=NOTHING), Field(text=NOTHING)
    area = value_field(row["area"], row["area_low"], row["area_high"], "ok", int(row["area_n"]), seeds)
    return usable_field(row, seeds), area


def usable_field(row: Row, seeds: int) -> Field:
    """The median; "at least" where that is as far as was tested."""
    if not row["n"]:
        return Field(text=NOTHING)
    known = () if math.isnan(row["usable_low"]) else (f"[{row['usable_low']:g}, {row['usable_high']:g}]",)
    learned = (t("learned by {n} of {all}", n=row["learned"], all=row["n"]),) if row["learned"] < row["n"] else ()
    fewer = (t("{n} of {all} seeds", n=row["n"], all=seeds),) if row["n"] < seeds else ()
    at_limit = "≥ " if row["usable"] == row["longest"] else ""
    return Field(text=f"{at_limit}{row['usable']:g}", details=(*known, *learned, *fewer))


def nothing_to_compare(selection: Selection) -> str:
    if not selection.panels:
        return t("Nothing was measured, so nothing can be said.")
    if not selection.reference:
        return t("Every result is of an encoding that was applied at test time alone: there is no reference.")
    return t(
        "{reference}, the reference, has no result among those shown: nothing is compared with it.",
        reference=selection.reference,
    )


def panel_heading(panel: Panel) -> str:
    return t("{task}, L = {length}", task=panel.task, length=panel.train_length)
