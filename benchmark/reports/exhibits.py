"""The figures of a report, each with its caption, its records, its numbers, and an interactive twin for the curves."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

import pandas as pd

from benchmark.reports import aggregate, crowd, data, figures, film, interactive, statistics
from benchmark.reports.evidence import Evidence, Panel, slug, task_name
from benchmark.reports.figures import AXES, METRICS, Style
from benchmark.reports.fonts import drawable
from benchmark.reports.interactive import Axes, Curve, Point
from benchmark.reports.parts import Cell, Exhibit, Group, Section, Table
from benchmark.reports.sections import listing, name_cell, place, unit, value_cell
from benchmark.reports.statistics import BOUNDED, Estimate, arranged, seeds_of, seeds_phrase, spell
from benchmark.reports.words import listed, said, t

Styles = Mapping[str, Style]

LEARNED = 0.9  # an accuracy at L below which a task counts as not learned


def curves(evidence: Evidence, styles: Styles) -> Section:
    """Extrapolation curves, a figure a task."""
    lines: tuple[str, ...] = (
        t(
            "Each model was trained on lengths up to L, the upright line, and measured beyond it. Line: mean over "
            "seeds; band: 95 % interval. In the interactive page, point at a value to read it and to bring its curve "
            "forward, press a name below the figure to hide or show it, drag to zoom."
        ),
    )
    if any(panel.headline["encoding"].nunique() > crowd.MANY for panel in evidence.panels):
        lines += (crowd.crowded(),)
    lines += tuple(line for panel in evidence.panels for line in _unlearned(panel))
    exhibits = tuple(_curve(panel, styles, evidence.reference) for panel in evidence.panels)
    return Section(id="curves", title=t("Extrapolation"), lines=lines, exhibits=exhibits)


def _unlearned(panel: Panel) -> Iterator[str]:
    """A warning where nobody has learned a task at L, so that its curve past L says little."""
    at_trained = panel.points[panel.points["length"] == panel.train_length]["mean"]
    if panel.metric not in BOUNDED or at_trained.empty or round(at_trained.max(), 2) >= LEARNED:
        return
    yield t(
        "On {task} no encoding reaches {learned:g} at L (the best mean is {best:.2f}): what its curve shows past L "
        "says little of positions.",
        task=panel.task,
        learned=LEARNED,
        best=at_trained.max(),
    )
    why = aggregate.unlearned(task_name(panel.task))
    if why:
        yield t("That is known of {task}: {why}.", task=panel.task, why=said(why))


def _curve(panel: Panel, styles: Styles, reference: str) -> Exhibit:
    points = panel.points
    weighted = crowd.weighted(styles, points, reference)
    names = sorted(set(points["encoding"]))
    return Exhibit(
        id=f"curve-{panel.id}",
        title=panel.title,
        alt=_curve_alt(panel, unit(panel), names),
        caption=_caption(panel, points),
        models=panel.models,
        measured=panel.measured,
        picture=figures.render(figures.extrapolation(panel.headline, weighted), "svg"),
        format="svg",
        interactive=_interactive(panel, points, unit(panel), weighted),
        numbers=_numbers(panel, points, unit(panel)),
        data=data.points(points),
    )


def _curve_alt(panel: Panel, what: str, names: Sequence[str]) -> str:
    return t(
        "Line chart of {metric} over length for {encodings} on {task}, up to {farthest:g} times the trained length. "
        "The numbers are in the table below it.",
        metric=what,
        encodings=listed(names),
        task=panel.task,
        farthest=panel.lengths[-1] / panel.train_length,
    )


def _interactive(panel: Panel, points: pd.DataFrame, what: str, styles: Styles) -> interactive.Figure:
    return interactive.lines(
        [_over_lengths(name, points[points["encoding"] == name], styles) for name in sorted(set(points["encoding"]))],
        Axes(
            x_title=t("problem length (log scale)"),
            y_title=what,
            trained_length=panel.train_length,
            ticks=tuple((length, _tick(panel, length)) for length in panel.lengths),
            share=points["metric"].iloc[0] in BOUNDED,
            chance=_chance(points),
        ),
    )


def _caption(panel: Panel, points: pd.DataFrame) -> str:
    return t(
        "Mean and {interval} (seeds {seeds}). L = {length}.",
        interval=seeds_phrase(list(points["n"])),
        seeds=listing(panel.seeds),
        length=panel.train_length,
    )


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
        label=t("length {length} = {multiple:g} L", length=row["length"], multiple=row["multiple"]),
        estimate=estimate,
        shown=_shown(estimate),
    )


def _shown(estimate: Estimate) -> str:
    value = spell(estimate.value, estimate.low, estimate.high)
    return t("{value}, {seeds}", value=value, seeds=seeds_of(estimate.n))


def _numbers(panel: Panel, points: pd.DataFrame, what: str) -> Table:
    by_place = {(row["encoding"], row["length"]): row for row in points.to_dict("records")}
    return Table(
        caption=t("{task}: {metric}, mean [95 % interval].", task=panel.task, metric=what),
        columns=(t("encoding"), *(place(panel, length) for length in panel.lengths)),
        rows=tuple(
            (name_cell(*row), *(_number(by_place.get((row[1], length))) for length in panel.lengths))
            for row in arranged(panel.headline)
        ),
    )


def _number(row: dict[Any, Any] | None) -> Cell:
    if row is None:
        return Cell(text=t("missing"))
    return value_cell(row["mean"], row["low"], row["high"], row["status"], int(row["n"]), int(row["seeds"]))


def language(evidence: Evidence, styles: Styles) -> Section:
    """Language loss in three ways, from the same trained models."""
    table = aggregate.by_position(evidence.store)
    panels = [panel for panel in evidence.panels if panel.setting in set(table["setting"])]
    lines: tuple[str, ...] = (t("The same trained models, asked three questions of the held-out text."),)
    if not panels:
        lines = (t("No language task was measured."),)
    exhibits: list[Exhibit] = []
    for panel in panels:
        weighted = crowd.weighted(styles, panel.points, evidence.reference)
        exhibits.append(_position_exhibit(panel, table[table["setting"] == panel.setting], weighted))
        exhibits += _windows(panel, weighted) + _same_targets(panel, weighted)
    tables = tuple(_bits(panel) for panel in panels)
    return Section(id="language", title=t("Language, three ways"), lines=lines, tables=tables, exhibits=tuple(exhibits))


def _bits(panel: Panel) -> Table:
    """The loss in the unit that tokenizers share."""
    points = statistics.over_seeds(panel.metric_rows("bits_per_character"))
    caption = t(
        "{task}: bits per character, mean [95 % interval]. Losses a token of two tokenizers do not compare; these do.",
        task=panel.task,
    )
    numbers = _numbers(panel, points, METRICS["bits_per_character"])
    return replace(numbers, caption=caption, title=t("Bits per character · {task}", task=panel.task), folded=True)


def _windows(panel: Panel, styles: Styles) -> list[Exhibit]:
    """Loss in disjoint windows; nothing for records that are without."""
    rows = panel.metric_rows("window_loss_nats")
    if rows["value"].isna().all():
        return []
    points, what = statistics.over_seeds(rows), METRICS["window_loss_nats"]
    title = t("{task}: non-overlapping windows", task=drawable(panel.task))
    return [
        Exhibit(
            id=f"windows-{panel.id}",
            title=t("2. Non-overlapping windows · {task}", task=panel.task),
            alt=_curve_alt(panel, what, sorted(set(points["encoding"]))),
            about=t(
                "One stretch of text, cut into windows of each length, all of whose tokens count: what perplexity "
                "usually means; longer windows look better for free, for fewer tokens stand near a beginning."
            ),
            caption=_caption(panel, points),
            models=panel.models,
            measured=panel.measured,
            picture=figures.render(figures.extrapolation(rows, styles, title), "svg"),
            format="svg",
            interactive=_interactive(panel, points, what, styles),
            numbers=_numbers(panel, points, what),
            data=data.points(points),
        )
    ]


def _same_targets(panel: Panel, styles: Styles) -> list[Exhibit]:
    """Loss of the same targets against that of cropped contexts; nothing for records that are without."""
    rows = panel.metric_rows("over_crop_nats")
    if rows["value"].isna().all():
        return []
    points, what = statistics.over_seeds(rows), METRICS["over_crop_nats"]
    return [
        Exhibit(
            id=f"targets-{panel.id}",
            title=t("3. The same targets, and a crop to L · {task}", task=panel.task),
            alt=t(
                "Line charts over length for {encodings} on {task}: above, loss of the same targets; below, the same "
                "less the loss after exactly L tokens each.",
                encodings=listed(sorted(set(points["encoding"]))),
                task=panel.task,
            ),
            about=t(
                "The same target tokens at every length, against what the same model makes of them after exactly L "
                "tokens each: only below that baseline is context farther than L of use, and above it does harm."
            ),
            caption=_caption(panel, points),
            models=panel.models,
            measured=panel.measured,
            picture=figures.render(figures.same_targets(panel.headline, rows, styles), "svg"),
            format="svg",
            numbers=_numbers(panel, points, what),
            data=data.points(pd.concat([statistics.over_seeds(panel.headline), points])),
        )
    ]


def _position_exhibit(panel: Panel, rows: pd.DataFrame, styles: Styles) -> Exhibit:
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
            "uses the longer context, and one that rises is broken by it."
        ),
        alt=t(
            "Line chart of loss in nats over the position in the text for {encodings}, up to position {last}.",
            encodings=listed(names),
            last=last,
        ),
        caption=t(
            "Mean and {interval} (seeds {seeds}), over positions that are binned two to an octave. L = {length}.",
            interval=seeds_phrase(counts),
            seeds=listing(panel.seeds),
            length=panel.train_length,
        ),
        models=panel.models,
        measured=panel.measured,
        picture=figures.render(figures.position_loss(rows, styles), "svg"),
        format="svg",
        interactive=interactive.lines(
            drawn,
            Axes(
                x_title=t("position, tokens (log scale)"),
                y_title=t("loss, nats per token"),
                trained_length=panel.train_length,
                ticks=tuple((float(tick), f"{tick:,}") for tick in ticks),
            ),
        ),
        data=data.positions(rows),
    )


def _over_positions(name: str, rows: pd.DataFrame, styles: Styles) -> Curve:
    points = []
    for _, each in rows.groupby(["position_start", "position_stop"], sort=True):
        estimate = statistics.mean_interval(list(each["loss_nats"]))
        first, last = int(each["position_start"].iloc[0]) + 1, int(each["position_stop"].iloc[0])
        one = first == last
        label = t("position {n}", n=first) if one else t("positions {first} to {last}", first=first, last=last)
        points.append(Point(at=math.sqrt(first * last), label=label, estimate=estimate, shown=_shown(estimate)))
    return Curve(name=name, style=styles[name], points=tuple(points))


def heatmaps(evidence: Evidence) -> Section:
    """Encoding x length, a figure a task."""
    lines = (t("The same values as the curves, at a glance. “—” is unsupported or missing."),)
    exhibits = []
    for panel in evidence.panels:
        points = panel.points
        exhibits.append(
            Exhibit(
                id=f"heatmap-{panel.id}",
                title=panel.title,
                alt=t(
                    "Heatmap of {metric}: encodings down, lengths across, on {task}. The numbers are in the table of "
                    "its extrapolation curve.",
                    metric=unit(panel),
                    task=panel.task,
                ),
                caption=_caption(panel, points),
                models=panel.models,
                measured=panel.measured,
                picture=figures.render(figures.length_heatmap(panel.headline), "svg"),
                format="svg",
                data=data.points(points),
            )
        )
    return Section(id="heatmaps", title=t("Encoding × length"), lines=lines, exhibits=tuple(exhibits), paired=True)


def grids(evidence: Evidence, styles: Styles) -> Section:
    """Scores told apart by lag, depth or operand length: a heatmap an encoding, and curves where one axis is enough."""
    table = aggregate.by_field(evidence.store)
    shown = table[table["setting"].isin({panel.setting for panel in evidence.panels})]
    drawn: list[Exhibit] = []
    for _, own in shown.groupby(["grid", "grid_setting"], sort=True):
        if own["down_first"].nunique() > 1:
            drawn.append(_grid(evidence, own))
            drawn += [_along(evidence, own, styles)] if own["across"].iloc[0] == aggregate.ACROSS else []
    lines: tuple[str, ...] = (
        t(
            "A value by length hides where in a problem it comes from. Here each is told apart: by lag (how far back "
            "the answer stands), by depth (how far along the needle stands), or by the lengths of two operands."
        ),
    )
    if not drawn:
        lines = (
            t(
                "No task was measured whose scores are told apart by lag, depth or operand length. For offset-recall, "
                "that takes several values of back."
            ),
        )
    return Section(id="grids", title=t("Grids"), lines=lines, exhibits=tuple(drawn))


def _grid(evidence: Evidence, own: pd.DataFrame) -> Exhibit:
    names = {"task": own["grid"].iloc[0], "down": _axis(own, "down"), "across": _axis(own, "across")}
    return Exhibit(
        id=f"grid-{_grid_id(own)}",
        title=t("{task}: {down} by {across}", **names),
        alt=t(
            "Heatmaps of {metric}, one for each of {encodings}: {down} down, {across} across.",
            metric=METRICS[own["metric"].iloc[0]],
            encodings=listed(sorted(set(own["encoding"]))),
            down=names["down"],
            across=names["across"],
        ),
        caption=t(
            "Mean over seeds {seeds}; no interval is drawn. {problems} a field and seed. L = {length}.",
            seeds=listing(own["seed"]),
            problems=_problems(own),
            length=own["train_length"].iloc[0],
        ),
        picture=figures.render(figures.fields(own), "svg"),
        format="svg",
        wide=True,
        data=data.fields(own),
        **_behind(evidence, own),
    )


def _along(evidence: Evidence, own: pd.DataFrame, styles: Styles) -> Exhibit:
    axis = _axis(own, "down")
    ends = own[own["length"].isin(figures.ends_of(own))]
    counts = ends.groupby(["encoding", "length", "down_first"])["value"].count()
    return Exhibit(
        id=f"along-{_grid_id(own)}",
        title=t("{task}: by {axis}", task=own["grid"].iloc[0], axis=axis),
        alt=t(
            "Line charts of {metric} by {axis} for {encodings}, at the trained and at the longest length. The numbers "
            "are in the table below it.",
            metric=METRICS[own["metric"].iloc[0]],
            axis=axis,
            encodings=listed(sorted(set(own["encoding"]))),
        ),
        caption=t(
            "Mean and {interval} (seeds {seeds}). {problems} a point and seed. L = {length}.",
            interval=seeds_phrase(list(counts)),
            seeds=listing(own["seed"]),
            problems=_problems(ends),
            length=own["train_length"].iloc[0],
        ),
        picture=figures.render(figures.along(own, styles), "svg"),
        format="svg",
        numbers=_along_numbers(ends),
        data=data.fields(ends),
        **_behind(evidence, own),
    )


def _along_numbers(ends: pd.DataFrame) -> Table:
    places = sorted(set(zip(ends["length"], ends["down_first"], ends["down_last"], strict=True)))
    spans = Counter(length for length, _, _ in places)
    return Table(
        caption=t(
            "{task}: {metric} by {axis}, mean [95 % interval].",
            task=ends["grid"].iloc[0],
            metric=METRICS[ends["metric"].iloc[0]],
            axis=_axis(ends, "down"),
        ),
        columns=(t("encoding"), *(figures.range_label(first, last) for _, first, last in places)),
        groups=tuple(Group(title=t("length {length}", length=length), span=span) for length, span in spans.items()),
        rows=tuple(
            (Cell(text=str(name)), *(_along_number(own, length, first) for length, first, _ in places))
            for name, own in ends.groupby("encoding")
        ),
    )


def _along_number(own: pd.DataFrame, length: int, first: int) -> Cell:
    here = own[(own["length"] == length) & (own["down_first"] == first)]
    each = statistics.mean_interval(list(here["value"]), bounded=own["metric"].iloc[0] in BOUNDED)
    return value_cell(each.value, each.low, each.high, "missing", each.n, own["seed"].nunique())


def _behind(evidence: Evidence, own: pd.DataFrame) -> dict[str, Any]:
    """The models and the number of records that a grid is drawn from."""
    settings = set(own["setting"])
    panels = [panel for panel in evidence.panels if panel.setting in settings]
    models = sorted({key for panel in panels for key in panel.models})
    return {"models": tuple(models), "measured": sum(panel.measured for panel in panels)}


def _problems(own: pd.DataFrame) -> str:
    low, high = int(own["rows"].min()), int(own["rows"].max())
    if low == high:
        return t("{n} test problems", n=low)
    return t("{low} to {high} test problems", low=low, high=high)


def _axis(own: pd.DataFrame, side: str) -> str:
    name = str(own[side].iloc[0])
    return AXES.get(name, name)


def _grid_id(own: pd.DataFrame) -> str:
    return f"{slug(own['grid'].iloc[0])}-{own['train_length'].iloc[0]}"


def attention(probes: Sequence[aggregate.Probe]) -> Section:
    """Attention of each head on a sentence, a figure an encoding."""
    lines: tuple[str, ...] = (
        t(
            "What each head of a trained model looks at in one sentence: a row is the word that asks, a column the "
            "word that is asked, and a row adds up to 1. One sentence and one seed show how an encoding can look, "
            "not how it always does."
        ),
    )
    if not probes:
        lines = (t("No model of a language task was looked into, so there is no attention to show."),)
    pictures = film.pictures(probes)
    exhibits = tuple(
        _attention(probe, picture, first=index == 0)
        for index, (probe, picture) in enumerate(zip(probes, pictures, strict=True))
    )
    return Section(id="attention", title=t("Attention on a sentence"), lines=lines, exhibits=exhibits)


def _attention(probe: aggregate.Probe, picture: bytes, *, first: bool) -> Exhibit:
    layers, heads = probe.attention.shape[:2]
    return Exhibit(
        id=attention_id(probe),
        title=attention_title(probe),
        alt=t(
            "Heatmaps of attention with {encoding}: {layers} layers of {heads} heads on the sentence “{sentence}”, its "
            "words on both axes.",
            encoding=probe.encoding,
            layers=layers,
            heads=heads,
            sentence="".join(probe.words),
        ),
        caption=t(
            "Seed {seed} alone, so there is no interval. The sentence: {sentence}",
            seed=probe.seed,
            sentence="".join(probe.words),
        ),
        models=(probe.train_key,),
        measured=1,
        picture=picture,
        format="png",
        folded=not first,
        wide=True,
    )


def structure(probes: Sequence[aggregate.Probe]) -> Section:
    """Each encoding's own position structure: the score of a fixed query and key by distance."""
    lines: tuple[str, ...] = (
        t(
            "What the encoding itself makes of distance: the score of one fixed query and key, without any content to "
            "tell them apart, as the distance between them grows."
        ),
    )
    if not probes:
        lines = (t("No model was looked into, so there is no position structure to show."),)
    groups = groupby(probes, key=lambda probe: (probe.task, probe.setting))
    exhibits = tuple(_structure(list(group)) for _, group in groups)
    return Section(id="structure", title=t("Position structure"), lines=lines, exhibits=exhibits)


def _structure(probes: Sequence[aggregate.Probe]) -> Exhibit:
    first, distances = probes[0], max(probe.structure.shape[-1] for probe in probes)
    names = listed(probe.encoding for probe in probes)
    seeds = listing(probe.seed for probe in probes)
    return Exhibit(
        id=f"structure-{slug(first.task)}-{first.train_length}",
        title=t("Score by distance · {task}, L = {length}", task=first.task, length=first.train_length),
        alt=t(
            "Line charts of score by distance 0 to {last}, one for each of {encodings}, a line a head.",
            last=distances - 1,
            encodings=names,
        ),
        caption=t("First layer; one seed each ({seeds}), so there is no interval.", seeds=seeds),
        models=tuple(sorted(probe.train_key for probe in probes)),
        measured=len(probes),
        picture=figures.render(figures.structure(probes), "svg"),
        format="svg",
        data=data.structure(probes),
    )


def attention_title(probe: aggregate.Probe) -> str:
    """What the attention of a probe is headed by."""
    return t("{encoding} · {task}, L = {length}", encoding=probe.encoding, task=probe.task, length=probe.train_length)


def attention_id(probe: aggregate.Probe) -> str:
    """Where the attention of a probe stands in the page."""
    return f"attention-{slug(probe.encoding)}-{slug(probe.task)}-{probe.train_length}"
