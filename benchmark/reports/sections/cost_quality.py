"""The section "Cost against quality": one figure per task, with the Pareto front of the means."""

from collections.abc import Iterator, Sequence

import pandas as pd

from benchmark.metrics import METRICS
from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.cost_quality import Dot, Frame
from benchmark.reports.draw.cost_quality import cost_quality as draw_cost_quality
from benchmark.reports.draw.style import Styles
from benchmark.reports.page.exhibit import Exhibit, models_behind, records_behind
from benchmark.reports.page.fields import name_field, unit
from benchmark.reports.page.page import Section
from benchmark.reports.page.rows import PointRow, typed_rows
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.table import Field, Table
from benchmark.reports.phrases import NOTHING, arrow, qualified, seeds_phrase, spelled
from benchmark.reports.stats.cost import Cost, memory_cost, time_of
from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.multiples import farthest
from benchmark.reports.stats.pareto import front
from benchmark.reports.stats.points import arranged, over_seeds
from benchmark.reports.words import listed, sentences, t

ABSENT = Estimate(value=float("nan"), low=float("nan"), high=float("nan"), n=0)


def section(selection: Selection, timings: pd.DataFrame, styles: Styles) -> Section:
    """Time, and memory if it was measured, against the headline value at 8 L or at the longest length."""
    measured = {panel.id: memory_cost(selection.trained(panel)) for panel in selection.panels}
    lines = [
        t(
            "An encoding is on the front if no other is at least as good and at least as cheap, and better in one of "
            "the two. The step line joins the front: in the mean, some encoding on it beats each of the others. It "
            "is not a test: where bars overlap, other seeds may give another front. A figure shows what more time buys "
            "on its task at this size; it does not rank the encodings on the front."
        ),
        t(
            "Time is measured by the timing suite (python -m benchmark time) where it was run, and otherwise during "
            "training: models that train side by side slow each other down, so small differences are noise."
        ),
    ]
    if not all(measured.values()):
        lines.append(
            t(
                "Memory is shown only if a GPU measured it. On a CPU, the record holds the memory of a process that "
                "trained other models before, which says nothing about an encoding. Run on a GPU (--device cuda) to "
                "get the peak that its allocator held during training."
            )
        )
    found = (_exhibit(selection, panel, timings, measured[panel.id], styles) for panel in selection.panels)
    exhibits = tuple(exhibit for each in found for exhibit in each)
    if not exhibits:
        lines = [t("No encoding has both a value and a cost, so there is nothing to plot.")]
    return Section(id="tradeoffs", title=t("Cost against quality"), lines=tuple(lines), exhibits=exhibits)


def _exhibit(
    selection: Selection, panel: Panel, timings: pd.DataFrame, memory: Cost | None, styles: Styles
) -> Iterator[Exhibit]:
    """The figure of a task; none if no encoding has both a value and a cost."""
    place = farthest(panel.headline["multiple"])
    rows = panel.headline[panel.headline["multiple"] == place]
    kinds = [time_of(rows, timings), *([memory] if memory else [])]
    dots = _dots(rows, kinds)
    if not dots:
        return
    lower_is_better = bool(rows["lower_is_better"].iloc[0])
    frame = Frame(
        costs=tuple(map(_axis, kinds)),
        value=t("{metric} at {place}", metric=unit(panel), place=spelled(place))
        + "\n"
        + arrow(lower_is_better=lower_is_better),
        lower_is_better=lower_is_better,
        share=METRICS[panel.metric].bounded,
    )
    yield Exhibit(
        id=f"tradeoff-{panel.id}",
        title=panel.title,
        alt=t(
            "Scatter plot of cost against {metric} at {place} on {task}, for {n} encodings. The numbers are in the "
            "table below it.",
            metric=unit(panel),
            place=spelled(place),
            task=panel.task,
            n=len(dots),
        ),
        caption=sentences(*_caption(selection, panel, place, dots, kinds)),
        models=models_behind(rows),
        measured=records_behind(rows),
        picture=render(draw_cost_quality(dots, frame, styles), "svg"),
        format="svg",
        numbers=_numbers(panel, place, rows, dots, kinds, lower_is_better=lower_is_better),
    )


def _dots(rows: pd.DataFrame, kinds: Sequence[Cost]) -> list[Dot]:
    """Every encoding with a value and a cost, best value first."""
    leagues = {name[:2]: name for name in arranged(rows)}
    points = over_seeds(rows)
    ordered = points.sort_values(["mean", "encoding"], ascending=[bool(rows["lower_is_better"].iloc[0]), True])
    dots = [
        Dot(
            label=qualified(*leagues[row.trained_with, row.encoding]),
            encoding=row.encoding,
            value=row.estimate,
            costs=tuple(kind.of.get(row.trained_with, ABSENT) for kind in kinds),
        )
        for row in typed_rows(ordered, PointRow)
        if row.n > 0
    ]
    return [dot for dot in dots if not pd.isna(dot.costs[0].value)]


def _note(dots: Sequence[Dot], *, ratio: bool) -> str:
    estimates = [estimate for dot in dots for estimate in (dot.value, *dot.costs)]
    if all(pd.isna(estimate.low) for estimate in estimates):
        return t("no bars: 1 seed; line and black outlines: the front of the means")
    if ratio:
        return t(
            "bars: value from the lowest to the highest seed, time with its 95 % interval; line and black outlines: "
            "the front"
        )
    return t("bars: from the lowest to the highest seed; line and black outlines: the front of the means")


def _axis(cost: Cost) -> str:
    if cost.kind == "seconds":
        return t("training time (seconds per 1,000 tokens); lower is cheaper")
    if cost.kind == "memory":
        return t("peak memory in training (MiB, GPU allocator); lower is cheaper")
    return t("time of a training step relative to none (1: equally fast); lower is cheaper")


def _caption(
    selection: Selection, panel: Panel, place: float, dots: Sequence[Dot], kinds: Sequence[Cost]
) -> Iterator[str]:
    yield t(
        "{n} encodings on one task, L = {length}, values at {place}: mean ({seeds}).",
        n=len(dots),
        length=panel.train_length,
        place=spelled(place),
        seeds=seeds_phrase([dot.value.n for dot in dots]),
    )
    yield t("{what}.", what=_note(dots, ratio=kinds[0].kind == "ratio"))
    yield from _time(selection, panel, dots, kinds[0])
    if (panel.headline["encoding"] != panel.headline["trained_with"]).any():
        yield t("An encoding applied at test time has the training cost of the model that it is applied to.")
    lacking = sorted(set(panel.headline["encoding"]) - {dot.encoding for dot in dots})
    if lacking:
        yield t("Left out, because they have no value or no cost there: {names}.", names=listed(lacking))


def _time(selection: Selection, panel: Panel, dots: Sequence[Dot], cost: Cost) -> Iterator[str]:
    if cost.kind == "ratio":
        yield t(
            "Time: the timing suite's ratio to none at {length} tokens on {device}, median over interleaved rounds "
            "with a 95 % interval.",
            length=cost.length,
            device=cost.device,
        )
        return
    yield t(
        "Time: measured during training, mean ({seeds}).",
        seeds=seeds_phrase([dot.costs[0].n for dot in dots]),
    )
    machines = {
        (record.environment.processor, record.environment.device, record.environment.threads)
        for record in selection.trained(panel)
    }
    if len(machines) > 1:
        yield t(
            "The models were trained with {n} different combinations of machine and thread count, so their times "
            "cannot be compared.",
            n=len(machines),
        )


def _numbers(
    panel: Panel, place: float, rows: pd.DataFrame, dots: Sequence[Dot], kinds: Sequence[Cost], *, lower_is_better: bool
) -> Table:
    flags = [
        front(
            [dot.costs[index].value for dot in dots], [dot.value.value for dot in dots], lower_is_better=lower_is_better
        )
        for index in range(len(kinds))
    ]
    names = {qualified(*name): name for name in arranged(rows)}
    return Table(
        caption=t(
            "{task}: {metric} at {place} and cost, mean [lowest and highest seed; of a ratio: its 95 % interval]; best "
            "value first.",
            task=panel.task,
            metric=unit(panel),
            place=spelled(place),
        ),
        columns=(
            t("encoding"),
            t("value"),
            *(column for kind in kinds for column in (_column(kind), t("on the front"))),
        ),
        rows=tuple(
            (
                name_field(*names[dot.label]),
                _estimate(dot.value, 2),
                *(
                    field
                    for index in range(len(kinds))
                    for field in (
                        _estimate(dot.costs[index], 0 if kinds[index].kind == "memory" else 3),
                        Field(text=t("yes") if flags[index][row] else t("no")),
                    )
                ),
            )
            for row, dot in enumerate(dots)
        ),
    )


def _column(cost: Cost) -> str:
    if cost.kind == "seconds":
        return t("seconds per 1,000 tokens")
    return t("MiB") if cost.kind == "memory" else t("ratio to none")


def _estimate(estimate: Estimate, digits: int) -> Field:
    if pd.isna(estimate.value):
        return Field(text=NOTHING)
    span = "" if pd.isna(estimate.low) else f"[{estimate.low:,.{digits}f}, {estimate.high:,.{digits}f}]"
    return Field(text=f"{estimate.value:,.{digits}f}", details=(span,) if span else ())
