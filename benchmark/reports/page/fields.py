"""Fields of tables that several sections share: names, values with the lowest and the highest seed, costs, lengths.

Functions that end in `_fields` fill neighbouring columns of one row.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Protocol, TypeVar

import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.page.rows import PointRow
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.table import Field
from benchmark.reports.phrases import LEAGUES, NOTHING, metric_label, more_seeds, spell
from benchmark.reports.stats.estimate import mean_and_range
from benchmark.reports.stats.floor import Floor
from benchmark.reports.stats.reach import Reach
from benchmark.reports.stats.solve_rate import solve_rate
from benchmark.reports.stats.summary import SummaryRow, SummaryValue
from benchmark.reports.stats.verdict import Mark
from benchmark.reports.words import listed, said, t


class OfTask(Protocol):
    """A row about one task in one setting."""

    @property
    def task(self) -> str: ...

    @property
    def setting(self) -> str: ...


AnyOfTask = TypeVar("AnyOfTask", bound=OfTask)


def rows_of(panel: Panel, rows: Iterable[AnyOfTask]) -> list[AnyOfTask]:
    """The rows that belong to a panel's task and setting."""
    return [row for row in rows if (row.task, row.setting) == (panel.task, panel.setting)]


def name_field(trained_with: str, encoding: str, league: str) -> Field:
    """An encoding as the first field of a row, with caveats that apply to any comparison."""
    details = []
    if trained_with != encoding:
        details.append(t("on {encoding}, no further training", encoding=trained_with))
    if league:
        details.append(t("{league}: a league of its own", league=LEAGUES.get(league, league)))
    return Field(text=encoding, details=tuple(details))


def summary_fields(row: SummaryRow | None) -> tuple[Field, Field, Field]:
    """Value at L, value at the longest length, and their ratio, from a row of the summary."""
    if row is None:
        return (Field(text=t("not run")),) * 3
    lower = METRICS[row.metric].lower_is_better
    return (
        _summary_field(row.at_trained, row.seeds, lower_is_better=lower),
        _summary_field(row.at_longest, row.seeds, lower_is_better=lower),
        Field(text=f"{row.ratio:.2f}" if math.isfinite(row.ratio) else NOTHING),
    )


def value_field(mean: float, low: float, high: float, status: str, n: int, seeds: int) -> Field:
    """A value with the lowest and the highest seed, and with the number of seeds if the grid has more."""
    text, _, span = spell(mean, low, high, status).partition(" ")
    fewer = t("{n} of {all} seeds", n=n, all=seeds) if 0 < n < seeds else ""
    return Field(text=text, details=tuple(part for part in (span, fewer) if part))


def marked(field: Field, mark: Mark, more: int, floor: Floor, *, lower_is_better: bool) -> Field:
    """A field with the mark that the one rule gives its value; `more`: seeds that would settle who is best."""
    if mark == "shortcut":
        named = t("explained by a shortcut: {shortcut}", shortcut=said(floor.name))
        return replace(field, details=(*field.details, named))
    if mark == "untested":
        return replace(field, details=(*field.details, _untested(more, lower_is_better=lower_is_better)))
    return replace(field, mark="among" if mark == "among the best" else mark)


def _untested(more: int, *, lower_is_better: bool) -> str:
    if lower_is_better:
        return t("lowest mean, not yet tested ({seeds} would do)", seeds=more_seeds(more))
    return t("highest mean, not yet tested ({seeds} would do)", seeds=more_seeds(more))


def point_field(row: PointRow) -> Field:
    """The value of a row of `points.over_seeds`."""
    return value_field(row.mean, row.low, row.high, row.status, row.n, row.seeds)


def unit(panel: Panel) -> str:
    """A panel's metric with its unit."""
    return metric_label(panel.metric)


def place(panel: Panel, length: int) -> str:
    """A length as a multiple of the trained one: "16L = 1024"."""
    multiple = length / panel.train_length
    return f"L = {length}" if multiple == 1 else f"{multiple:g}L = {length}"


def cost_fields(panel: Panel, encoding: str) -> tuple[Field, Field, Field]:
    """Parameters of the models trained with an encoding, how many of them it adds, and tokens per second."""
    models = panel.models_of(encoding)
    models = models[models["train_seconds"] > 0]
    if models.empty:
        return (Field(text=t("not run")),) * 3
    speed = mean_and_range(list(models["trained_tokens"] / models["train_seconds"]))
    span = () if math.isnan(speed.low) else (f"[{speed.low:,.0f}, {speed.high:,.0f}]",)
    return (
        Field(text=f"{models['parameters'].iloc[0]:,}"),
        Field(text=f"{models['encoding_parameters'].iloc[0]:,}"),
        Field(text=f"{speed.value:,.0f}", details=span),
    )


def listing(values: Iterable[Any]) -> str:
    """Distinct numbers in ascending order; "—" if there are none."""
    known = sorted({int(value) for value in values if not pd.isna(value)})
    return listed(known) or NOTHING


def reach_fields(row: Reach | None, seeds: int) -> tuple[Field, Field]:
    """Longest usable length and area."""
    if row is None:
        return Field(text=NOTHING), Field(text=NOTHING)
    area = value_field(row.area.value, row.area.low, row.area.high, "ok", row.area.n, seeds)
    return usable_field(row, seeds), area


def usable_field(row: Reach, seeds: int) -> Field:
    """The median usable length over seeds; "≥" if that is the longest length tested."""
    length = row.usable
    if not length.n:
        return Field(text=NOTHING)
    known = () if math.isnan(length.low) else (f"[{length.low:g}, {length.high:g}]",)
    learned = (t("learned by {n} of {all}", n=row.learned, all=length.n),) if row.learned < length.n else ()
    fewer = (t("{n} of {all} seeds", n=length.n, all=seeds),) if length.n < seeds else ()
    at_limit = "≥ " if length.value == row.longest else ""
    return Field(text=f"{at_limit}{length.value:g}", details=(*known, *learned, *fewer))


def nothing_to_compare(selection: Selection) -> str:
    """The reason why nothing is compared with the reference."""
    if not selection.panels:
        return t("Nothing was measured, so nothing can be said.")
    if not selection.reference:
        return t("Every result comes from an encoding that was only applied at test time, so there is no reference.")
    return t(
        "The reference, {reference}, has no result among those shown, so nothing is compared with it.",
        reference=selection.reference,
    )


def panel_heading(panel: Panel) -> str:
    """A heading for a panel: its task and trained length."""
    return t("{task}, L = {length}", task=panel.task, length=panel.train_length)


def _summary_field(value: SummaryValue, seeds: int, *, lower_is_better: bool) -> Field:
    own = value.estimate
    field = value_field(own.value, own.low, own.high, value.status, own.n, seeds)
    field = replace(field, details=(*field.details, *_solved(value)))
    return marked(field, value.mark, value.more_seeds, value.floor, lower_is_better=lower_is_better)


def _solved(value: SummaryValue) -> Iterator[str]:
    """How many seeds solve the task, if some do and others do not: the mean then describes none of them."""
    n = value.estimate.n
    if value.solved is not None and 0 < value.solved < n:
        rate = solve_rate(value.solved, n)
        yield t("solved by {k} of {n} seeds [{low:.2f}, {high:.2f}]", k=value.solved, n=n, low=rate.low, high=rate.high)
