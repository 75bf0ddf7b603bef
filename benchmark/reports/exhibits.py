"""The figures of a report, each with its caption, its records, its numbers, and an interactive twin for the curves."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import pandas as pd

from benchmark.reports import aggregate, crowd, figures, interactive, statistics
from benchmark.reports.evidence import Evidence, Panel, slug
from benchmark.reports.figures import Style
from benchmark.reports.interactive import Axes, Curve, Point
from benchmark.reports.parts import Cell, Exhibit, Section, Table
from benchmark.reports.sections import listing, name_cell, place, unit, value_cell
from benchmark.reports.statistics import BOUNDED, Estimate, arranged, seeds_phrase, spell

Styles = Mapping[str, Style]


def curves(evidence: Evidence, styles: Styles) -> Section:
    """Extrapolation curves, a figure a task."""
    lines: tuple[str, ...] = (
        "Each model was trained on lengths up to L, the upright line, and measured beyond it. Line: mean over seeds; "
        "band: 95 % interval. In the interactive page, point at a value to read it, click a name in the "
        "legend to hide it, drag to zoom.",
    )
    if any(panel.headline["encoding"].nunique() > crowd.MANY for panel in evidence.panels):
        lines += (crowd.CROWDED,)
    exhibits = tuple(_curve(panel, styles, evidence.reference) for panel in evidence.panels)
    return Section(id="curves", title="Extrapolation", lines=lines, exhibits=exhibits)


def _curve(panel: Panel, styles: Styles, reference: str) -> Exhibit:
    points = statistics.over_seeds(panel.headline)
    weighted = crowd.weighted(styles, points, reference)
    names = sorted(set(points["encoding"]))
    return Exhibit(
        id=f"curve-{panel.id}",
        title=panel.title,
        alt=f"Line chart of {unit(panel)} over length for {', '.join(names)} on {panel.task}, up to "
        f"{panel.lengths[-1] / panel.train_length:g} times the trained length. The numbers are in the table below it.",
        caption=_caption(panel, points),
        models=panel.models,
        measured=panel.measured,
        picture=figures.render(figures.extrapolation(panel.headline, weighted), "svg"),
        format="svg",
        interactive=interactive.lines(
            [_over_lengths(name, points[points["encoding"] == name], weighted) for name in names],
            Axes(
                x_title="problem length (log scale)",
                y_title=unit(panel),
                trained_length=panel.train_length,
                ticks=tuple((length, _tick(panel, length)) for length in panel.lengths),
                share=panel.metric in BOUNDED,
                chance=_chance(points),
            ),
        ),
        numbers=_numbers(panel, points),
    )


def _caption(panel: Panel, points: pd.DataFrame) -> str:
    return f"Mean and {seeds_phrase(list(points['n']))} (seeds {listing(panel.seeds)}). L = {panel.train_length}."


def _tick(panel: Panel, length: int) -> str:
    multiple = length / panel.train_length
    return f"{length}<br>{'' if multiple == 1 else format(multiple, 'g')}L"


def _chance(points: pd.DataFrame) -> tuple[tuple[float, float], ...]:
    known = points[points["chance"].notna()].drop_duplicates("length").sort_values("length")
    return tuple(zip(known["length"].astype(float), known["chance"].astype(float), strict=True))


def _over_lengths(name: str, rows: pd.DataFrame, styles: Styles) -> Curve:
    ordered = rows.sort_values("length").to_dict("records")
    return Curve(name=name, style=styles[name], points=tuple(_point(row) for row in ordered))


def _point(row: dict[Any, Any]) -> Point:
    estimate = Estimate(value=row["mean"], low=row["low"], high=row["high"], n=int(row["n"]))
    return Point(
        at=float(row["length"]),
        label=f"length {row['length']} = {row['multiple']:g} L",
        estimate=estimate,
        shown=_shown(estimate),
    )


def _shown(estimate: Estimate) -> str:
    return f"{spell(estimate.value, estimate.low, estimate.high)}, {estimate.n} seed{'s' * (estimate.n != 1)}"


def _numbers(panel: Panel, points: pd.DataFrame) -> Table:
    by_place = {(row["encoding"], row["length"]): row for row in points.to_dict("records")}
    return Table(
        caption=f"{panel.task}: {unit(panel)}, mean [95 % interval].",
        columns=("encoding", *(place(panel, length) for length in panel.lengths)),
        rows=tuple(
            (name_cell(*row), *(_number(by_place.get((row[1], length))) for length in panel.lengths))
            for row in arranged(panel.headline)
        ),
    )


def _number(row: dict[Any, Any] | None) -> Cell:
    if row is None:
        return Cell(text="missing")
    return value_cell(row["mean"], row["low"], row["high"], row["status"], int(row["n"]), int(row["seeds"]))


def positions(evidence: Evidence, styles: Styles) -> Section:
    """Loss by absolute position on the corpus."""
    table = aggregate.by_position(evidence.store)
    panels = [panel for panel in evidence.panels if panel.setting in set(table["setting"])]
    lines: tuple[str, ...] = (
        "One pass over the longest length gives every position its own context. A curve that keeps falling past L "
        "uses the longer context; one that rises is broken by it.",
    )
    if not panels:
        lines = ("No language task was measured, so there is no loss by position.",)
    exhibits = tuple(
        _position_exhibit(
            panel,
            table[table["setting"] == panel.setting],
            crowd.weighted(styles, statistics.over_seeds(panel.headline), evidence.reference),
        )
        for panel in panels
    )
    return Section(id="positions", title="Loss by position", lines=lines, exhibits=exhibits)


def _position_exhibit(panel: Panel, rows: pd.DataFrame, styles: Styles) -> Exhibit:
    names = sorted(set(rows["encoding"]))
    drawn = [_over_positions(name, rows[rows["encoding"] == name], styles) for name in names]
    counts = [point.estimate.n for curve in drawn for point in curve.points]
    last = int(rows["position_stop"].max())
    ticks = [2**power for power in range(last.bit_length()) if power % 2 == 0 and 2**power <= last]
    return Exhibit(
        id=f"positions-{panel.id}",
        title=f"Loss by position · {panel.task}",
        alt=f"Line chart of loss in nats over the position in the text for {', '.join(names)}, up to position {last}.",
        caption=f"Mean and {seeds_phrase(counts)} (seeds {listing(panel.seeds)}), over positions that are binned "
        f"two to an octave. L = {panel.train_length}.",
        models=panel.models,
        measured=panel.measured,
        picture=figures.render(figures.position_loss(rows, styles), "svg"),
        format="svg",
        interactive=interactive.lines(
            drawn,
            Axes(
                x_title="position, tokens (log scale)",
                y_title="loss, nats per token",
                trained_length=panel.train_length,
                ticks=tuple((float(tick), f"{tick:,}") for tick in ticks),
            ),
        ),
    )


def _over_positions(name: str, rows: pd.DataFrame, styles: Styles) -> Curve:
    points = []
    for _, each in rows.groupby(["position_start", "position_stop"], sort=True):
        estimate = statistics.mean_interval(list(each["loss_nats"]))
        first, last = int(each["position_start"].iloc[0]) + 1, int(each["position_stop"].iloc[0])
        label = f"position {first}" if first == last else f"positions {first} to {last}"
        points.append(Point(at=math.sqrt(first * last), label=label, estimate=estimate, shown=_shown(estimate)))
    return Curve(name=name, style=styles[name], points=tuple(points))


def heatmaps(evidence: Evidence) -> Section:
    """Encoding x length, a figure a task."""
    lines = ("The same values as the curves, at a glance. “—” is unsupported or missing.",)
    exhibits = []
    for panel in evidence.panels:
        points = statistics.over_seeds(panel.headline)
        exhibits.append(
            Exhibit(
                id=f"heatmap-{panel.id}",
                title=panel.title,
                alt=f"Heatmap of {unit(panel)}: encodings down, lengths across, on {panel.task}. "
                "The numbers are in the table of its extrapolation curve.",
                caption=_caption(panel, points),
                models=panel.models,
                measured=panel.measured,
                picture=figures.render(figures.length_heatmap(panel.headline), "svg"),
                format="svg",
            )
        )
    return Section(id="heatmaps", title="Encoding × length", lines=lines, exhibits=tuple(exhibits), paired=True)


def attention(probes: Sequence[aggregate.Probe]) -> Section:
    """Attention of each head on a sentence, a figure an encoding."""
    lines: tuple[str, ...] = (
        "What each head of a trained model looks at in one sentence: a row is the word that asks, a column the word "
        "that is asked, and a row adds up to 1. One sentence and one seed show how an encoding can look, "
        "not how it always does.",
    )
    if not probes:
        lines = ("No model of a language task was looked into, so there is no attention to show.",)
    exhibits = tuple(_attention(probe, first=index == 0) for index, probe in enumerate(probes))
    return Section(id="attention", title="Attention on a sentence", lines=lines, exhibits=exhibits)


def _attention(probe: aggregate.Probe, *, first: bool) -> Exhibit:
    layers, heads = probe.attention.shape[:2]
    return Exhibit(
        id=f"attention-{_probe_id(probe)}",
        title=f"{probe.encoding} · {probe.task}, L = {probe.train_length}",
        alt=f"Heatmaps of attention with {probe.encoding}: {layers} layers of {heads} heads on the sentence "
        f"“{''.join(probe.words)}”, its words on both axes.",
        caption=f"Seed {probe.seed} alone, so there is no interval. The sentence: {''.join(probe.words)}",
        models=(probe.train_key,),
        measured=1,
        picture=figures.render(figures.attention(probe), "png"),
        format="png",
        folded=not first,
        wide=True,
    )


def structure(probes: Sequence[aggregate.Probe]) -> Section:
    """Each encoding's own position structure: the score of a fixed query and key by distance."""
    lines: tuple[str, ...] = (
        "What the encoding itself makes of distance: the score of one fixed query and key, without any content to "
        "tell them apart, as the distance between them grows.",
    )
    if not probes:
        lines = ("No model was looked into, so there is no position structure to show.",)
    groups = groupby(probes, key=lambda probe: (probe.task, probe.setting))
    exhibits = tuple(_structure(list(group)) for _, group in groups)
    return Section(id="structure", title="Position structure", lines=lines, exhibits=exhibits)


def _structure(probes: Sequence[aggregate.Probe]) -> Exhibit:
    first, distances = probes[0], max(probe.structure.shape[-1] for probe in probes)
    names = ", ".join(probe.encoding for probe in probes)
    seeds = listing(probe.seed for probe in probes)
    return Exhibit(
        id=f"structure-{slug(first.task)}-{first.setting}",
        title=f"Score by distance · {first.task}, L = {first.train_length}",
        alt=f"Line charts of score by distance 0 to {distances - 1}, one for each of {names}, a line a head.",
        caption=f"First layer; one seed each ({seeds}), so there is no interval.",
        models=tuple(sorted(probe.train_key for probe in probes)),
        measured=len(probes),
        picture=figures.render(figures.structure(probes), "svg"),
        format="svg",
    )


def _probe_id(probe: aggregate.Probe) -> str:
    return f"{slug(probe.encoding)}-{slug(probe.task)}-{probe.setting}"
