"""The section "Cost": parameters, training speed, and ratios of the timing suite if it was run."""

import math
from collections import Counter
from dataclasses import dataclass

import pandas as pd

from benchmark.reports.page.fields import cost_fields
from benchmark.reports.page.page import Section
from benchmark.reports.page.rows import typed_rows
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.table import Field, Group, Table
from benchmark.reports.phrases import NOTHING, seeds_phrase
from benchmark.reports.stats.points import by_quality
from benchmark.reports.words import Phrases, later, t

OPERATIONS = Phrases(  # of the timing suite
    {"forward": later("forward"), "training_step": later("training step"), "decode": later("decode")}
)


@dataclass(frozen=True, kw_only=True)
class TimingRow:
    """Time relative to none: a row of `timing_table`."""

    encoding: str
    device: str
    operation: str
    length: int
    ratio: float
    low: float
    high: float


def section(selection: Selection, timings: pd.DataFrame) -> Section:
    """Parameters, training speed, and the timing suite's ratios if there are any."""
    lines = (
        t(
            "Tokens per second are measured during training, on the machines listed under “What was run”, often with "
            "several models at a time: compare them only within a column. The timing suite (python -m benchmark time) "
            "measures each encoding on its own, interleaved with none."
        ),
    )
    tables = [_cost_table(selection)] if selection.panels else []
    if not timings.empty:
        tables.append(_timing_table(timings))
    return Section(id="cost", title=t("Cost"), lines=lines, tables=tuple(tables))


def _cost_table(selection: Selection) -> Table:
    panels = selection.panels
    names = list(dict.fromkeys(name for name, _, _ in by_quality(*(panel.headline for panel in panels))))
    return Table(
        caption=t(
            "Parameters of the whole model and those added by the encoding; tokens per second in training, mean "
            "[{seeds}].",
            seeds=seeds_phrase([len(panel.seeds) for panel in panels]),
        ),
        columns=(t("encoding"), *(name for _ in panels for name in (t("parameters"), t("added"), t("tokens/s")))),
        groups=tuple(Group(title=panel.task, span=3, detail=f"L = {panel.train_length}") for panel in panels),
        rows=tuple(
            (Field(text=name), *(field for panel in panels for field in cost_fields(panel, name))) for name in names
        ),
    )


def _timing_table(timings: pd.DataFrame) -> Table:
    kinds = list(dict.fromkeys(zip(timings["device"], timings["operation"], timings["length"], strict=True)))
    rows = {(row.encoding, row.device, row.operation, row.length): row for row in typed_rows(timings, TimingRow)}
    spans = Counter((device, operation) for device, operation, _ in kinds)
    return Table(
        caption=t(
            "Time relative to none (1: equally fast, 2: twice as long): median over interleaved rounds, with a "
            "95 % interval. {rounds} rounds. Columns are lengths in tokens; the fastest first.",
            rounds=_rounds(timings),
        ),
        columns=(t("encoding"), *(str(length) for _, _, length in kinds)),
        groups=tuple(
            Group(title=OPERATIONS.get(operation, operation.replace("_", " ")), span=span, detail=device)
            for (device, operation), span in spans.items()
        ),
        rows=tuple(
            (Field(text=name), *(_timing_field(rows.get((name, *kind))) for kind in kinds))
            for name in timings.groupby("encoding")["ratio"].mean().sort_values(kind="stable").index
        ),
    )


def _rounds(timings: pd.DataFrame) -> str:
    low, high = int(timings["rounds"].min()), int(timings["rounds"].max())
    return str(low) if low == high else t("{low} to {high}", low=low, high=high)


def _timing_field(row: TimingRow | None) -> Field:
    if row is None:
        return Field(text=NOTHING)
    interval = () if math.isnan(row.low) else (f"[{row.low:.2f}, {row.high:.2f}]",)
    return Field(text=f"{row.ratio:.2f}", details=interval)
