"""The section "Language, four ways": by position, in non-overlapping windows, same targets, far-context targets.

All four come from the same trained models. Records that lack a view leave out its figure.
"""

import math
from dataclasses import replace

import pandas as pd

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.emphasis import emphasised
from benchmark.reports.draw.extrapolation import extrapolation
from benchmark.reports.draw.interactive import ChartAxes, Curve, Point, line_chart
from benchmark.reports.draw.positions import position_loss
from benchmark.reports.draw.same_targets import same_targets
from benchmark.reports.draw.style import Styles
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.fields import listing
from benchmark.reports.page.numbers import point_data, position_data
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Panel, Selection
from benchmark.reports.page.table import Group, Table
from benchmark.reports.phrases import curve_key, metric_label
from benchmark.reports.sections.curve_exhibits import (
    curve_alt,
    curve_caption,
    curve_numbers,
    interactive_curves,
    shown_estimate,
)
from benchmark.reports.stats.estimate import mean_and_range
from benchmark.reports.stats.points import over_seeds
from benchmark.reports.tables.positions import by_position
from benchmark.reports.tables.tasks import is_language
from benchmark.reports.words import listed, t


def section(selection: Selection, styles: Styles) -> Section:
    """Language loss seen in four ways, from the same trained models."""
    table = selection.of_panels(by_position(selection.store))
    panels = [panel for panel in selection.panels if is_language(panel.task_record)]
    lines: tuple[str, ...] = (t("The same trained models, asked four questions about the held-out text."),)
    if not panels:
        lines = (t("No language task was measured."),)
    exhibits: list[Exhibit] = []
    for panel in panels:
        weighted = emphasised(styles, panel.points, selection.reference, selection.favourites(panel))
        own = table[table["setting"] == panel.setting]
        if not own.empty:  # a checkpoint is scored on its targets only
            exhibits.append(_positions(panel, own, weighted))
        exhibits += _windows(panel, weighted) + _same_targets(panel, weighted) + _far(panel, weighted)
    tables = tuple(_bits(panel) for panel in panels)
    return Section(id="language", title=t("Language, four ways"), lines=lines, tables=tables, exhibits=tuple(exhibits))


def _bits(panel: Panel) -> Table:
    """The loss per character, the unit in which different tokenizers compare."""
    points = over_seeds(panel.metric_rows("bits_per_character"))
    caption = t(
        "{task}: bits per character, mean [lowest and highest seed]. Unlike losses per token, these compare across "
        "tokenizers.",
        task=panel.task,
    )
    numbers = curve_numbers(panel, points, metric_label("bits_per_character"))
    return replace(numbers, caption=caption, title=t("Bits per character · {task}", task=panel.task), folded=True)


def _windows(panel: Panel, styles: Styles) -> list[Exhibit]:
    """Loss in non-overlapping windows; nothing if the records do not have it."""
    rows = panel.metric_rows("window_loss_nats")
    if rows["value"].isna().all():
        return []
    points, what = over_seeds(rows), metric_label("window_loss_nats")
    return [
        Exhibit(
            id=f"windows-{panel.id}",
            title=t("2. Non-overlapping windows · {task}", task=panel.task),
            alt=curve_alt(panel, what, sorted(set(points["encoding"]))),
            about=t(
                "One stretch of text, cut into windows of each length, with every token counted: what perplexity "
                "usually means. Longer windows look better for free, because fewer of their tokens are near a "
                "beginning."
            ),
            caption=curve_caption(panel, points),
            models=panel.models,
            measured=panel.measured,
            picture=render(extrapolation(rows, styles), "svg"),
            format="svg",
            interactive=interactive_curves(panel, points, what, styles),
            numbers=curve_numbers(panel, points, what),
            data=point_data(points),
        )
    ]


def _same_targets(panel: Panel, styles: Styles) -> list[Exhibit]:
    """Loss of the same targets against that after a cropped context; nothing if the records do not have it."""
    rows = panel.metric_rows("over_crop_nats")
    if rows["value"].isna().all():
        return []
    points, what = over_seeds(rows), metric_label("over_crop_nats")
    return [
        Exhibit(
            id=f"targets-{panel.id}",
            title=t("3. The same targets, and a crop to L · {task}", task=panel.task),
            alt=t(
                "Line charts over length for {encodings} on {task}: above, the loss of the same targets; below, the "
                "same minus the loss after exactly L tokens each.",
                encodings=listed(sorted(set(points["encoding"]))),
                task=panel.task,
            ),
            about=t(
                "The same target tokens at every length, compared with the same model's loss on them after exactly L "
                "tokens each: context beyond L helps only below that baseline; above it, it does harm."
            ),
            caption=curve_caption(panel, points),
            models=panel.models,
            measured=panel.measured,
            picture=render(same_targets(panel.headline, rows, styles), "svg"),
            format="svg",
            numbers=curve_numbers(panel, points, what),
            data=point_data(pd.concat([over_seeds(panel.headline), points])),
        )
    ]


def _far(panel: Panel, styles: Styles) -> list[Exhibit]:
    """Loss of the targets that need far context; nothing if the records do not have it."""
    rows = panel.metric_rows("far_loss_nats")
    if rows["value"].isna().all():
        return []
    points, what = over_seeds(rows), metric_label("far_loss_nats")
    chosen, every = int(rows["scored"].max()), int(panel.headline["scored"].max())
    return [
        Exhibit(
            id=f"far-{panel.id}",
            title=t("4. Targets that need far context · {task}", task=panel.task),
            alt=curve_alt(panel, what, sorted(set(points["encoding"]))),
            about=t(
                "The {chosen:,} of {every:,} targets ({share:.0%}) that counts of words and word pairs in up to 16 L "
                "tokens before them make at least e times as likely as counts in L tokens do: the same for every "
                "encoding and length. They are hard, so compare a curve with its own value at L: one that falls "
                "uses the added context, one that stays level makes nothing of it.",
                chosen=chosen,
                every=every,
                share=chosen / every,
            ),
            caption=curve_caption(panel, points),
            models=panel.models,
            measured=panel.measured,
            picture=render(extrapolation(rows, styles), "svg"),
            format="svg",
            interactive=interactive_curves(panel, points, what, styles),
            numbers=_beside_all(panel, curve_numbers(panel, points, what)),
            data=point_data(points),
        )
    ]


def _beside_all(panel: Panel, far: Table) -> Table:
    """The losses of far-context targets, then those of all targets, by length."""
    every = curve_numbers(panel, panel.points, metric_label(panel.metric))
    lengths = far.columns[1:]
    return replace(
        far,
        columns=(*far.columns, *lengths),
        rows=tuple((*own, *plain[1:]) for own, plain in zip(far.rows, every.rows, strict=True)),
        groups=(
            Group(title=t("far-context targets"), span=len(lengths)),
            Group(title=t("all targets"), span=len(lengths)),
        ),
    )


def _positions(panel: Panel, rows: pd.DataFrame, styles: Styles) -> Exhibit:
    names = sorted(set(rows["encoding"]))
    drawn = [_over_positions(name, rows[rows["encoding"] == name], styles) for name in names]
    counts = [point.estimate.n for curve in drawn for point in curve.points]
    last = int(rows["position_stop"].max())
    ticks = [2**power for power in range(last.bit_length()) if power % 2 == 0 and 2**power <= last]
    return Exhibit(
        id=f"positions-{panel.id}",
        title=t("1. Loss by position · {task}", task=panel.task),
        about=t(
            "One pass over the longest rows gives every position its own context: a curve that keeps falling past L "
            "uses the longer context; one that rises is broken by it."
        ),
        alt=t(
            "Line chart of loss in nats by position in the text for {encodings}, up to position {last}.",
            encodings=listed(names),
            last=last,
        ),
        caption=t(
            "L = {length}; {key} (seeds {seeds}); positions binned two to an octave.",
            length=panel.train_length,
            key=curve_key(counts),
            seeds=listing(panel.seeds),
        ),
        models=panel.models,
        measured=panel.measured,
        picture=render(position_loss(rows, styles), "svg"),
        format="svg",
        interactive=line_chart(
            drawn,
            ChartAxes(
                x_title=t("position, tokens (log scale)"),
                y_title=t("loss, nats per token"),
                trained_length=panel.train_length,
                ticks=tuple((float(tick), f"{tick:,}") for tick in ticks),
            ),
        ),
        data=position_data(rows),
    )


def _over_positions(name: str, rows: pd.DataFrame, styles: Styles) -> Curve:
    points = []
    for _, each in rows.groupby(["position_start", "position_stop"], sort=True):
        estimate = mean_and_range(list(each["loss_nats"]))
        first, last = int(each["position_start"].iloc[0]) + 1, int(each["position_stop"].iloc[0])
        one = first == last
        label = t("position {n}", n=first) if one else t("positions {first} to {last}", first=first, last=last)
        seeds = tuple(zip(each["seed"].astype(int), each["loss_nats"].astype(float), strict=True))
        points.append(
            Point(
                at=math.sqrt(first * last),
                label=label,
                estimate=estimate,
                shown=shown_estimate(estimate),
                each=seeds,
            )
        )
    return Curve(name=name, style=styles[name], points=tuple(points))
