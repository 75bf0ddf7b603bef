"""Two encodings on the terminal, for `compare`: each length side by side, by each task's headline metric."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.catalogue import variants
from benchmark.cli.terminal.file_names import safe
from benchmark.cli.terminal.stored import name_problems, stored
from benchmark.cli.terminal.table import SPREADS, Row, show, show_json
from benchmark.cli.terminal.words import either
from benchmark.files import write_atomically
from benchmark.metrics import METRICS
from benchmark.reports.words import language, later, said, speaking, t

if TYPE_CHECKING:
    import pandas as pd

    from benchmark.reports.page.selection import Panel as ReportPanel
    from benchmark.reports.page.selection import Selection
    from benchmark.reports.page.two_encodings import PairAt, Value

TRACK_WIDTH = 25
FIRST, SECOND, BOTH = "●", "○", "◉"


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Two encodings on one task: the table's heading and rows, and what they are made from."""

    heading: str
    columns: dict[str, str]
    rows: list[Row]
    pairs: "Sequence[PairAt]"


def compare_encodings(
    first: str, second: str, results: Path, out: Path | None, figures: str | None, style: str
) -> None:
    """Print two encodings of one results folder side by side, length by length; of a sweep each encoding in turn."""
    pairs = list(product(variants(first), variants(second)))
    from benchmark.reports.page.selection import Selection
    from benchmark.reports.page.two_encodings import known_labels

    for pair in pairs:
        known_labels(*pair)
    store = stored(results)
    selection = Selection.of(store)
    name_problems(store)
    found = [_show(selection, one, two, out, figures, style) for one, two in pairs]
    if style == "json":
        show_json(found[0] if len(found) == 1 else found)


def _show(
    selection: "Selection", first: str, second: str, out: Path | None, figures: str | None, style: str
) -> dict[str, Any]:
    """Print two encodings and write their files; the comparison as JSON shows it."""
    from benchmark.reports.page.two_encodings import paired

    both = paired(selection, first, second)
    found = panels(both.selection, both.panels)
    with speaking("en" if style == "json" else None):
        absent = list(left_out(selection.frame, both.selection.shown, [both.first, both.second]))
    if style != "json":
        for panel in found:
            show(panel.rows, panel.columns, style, title=panel.heading)
            click.echo()
        for line in absent:
            click.echo(line)
    for path in write(found, both.first, both.second, out, figures) if out is not None else ():
        click.echo(t("wrote {path}", path=path), err=style == "json")
    return {"first": both.first, "second": both.second, "differences": both.rows(), "left_out": absent}


def panels(selection: "Selection", pairs: "Iterable[tuple[ReportPanel, Sequence[PairAt]]]") -> list[Panel]:
    """One panel per task and trained length."""
    return [_panel(own, _setting(selection, panel)) for panel, own in pairs]


def left_out(table: "pd.DataFrame", shared: "pd.DataFrame", labels: Sequence[str]) -> Iterator[str]:
    """The tasks that cannot be compared although one of the two was measured on them, with the reasons."""
    rows = table[table["encoding"].isin(labels)]
    for task in sorted(set(rows["task"]) - set(shared["task"])):
        there = sorted(set(rows[rows["task"] == task]["encoding"]))
        why = t("they share no setting, seed and measured length")
        if len(there) == 1:
            why = t("only {encoding} was run", encoding=repr(there[0]))
        yield t("not comparable on {task}: {why}", task=task, why=why)


def write(found: Sequence[Panel], first: str, second: str, folder: Path, figures: str | None = None) -> Iterator[Path]:
    """Write a figure per panel, and the tables as csv and Markdown; yields each path as it is written.

    With `figures`, one of canvas.PRINTED, each figure also in that format, in a folder of that name.
    """
    import pandas as pd

    from benchmark.reports.draw.canvas import save, save_printed
    from benchmark.reports.draw.style import palette
    from benchmark.reports.draw.two_encodings import paired

    stem = safe(f"compare-{first}-{second}")
    text: list[str] = []
    for panel in found:
        pair = panel.pairs[0]
        names = safe(f"compare-{pair.first.name}-{pair.second.name}")
        picture = folder / f"{names}-{safe(pair.panel.task)}-{pair.panel.train_length}.svg"
        drawn = paired(panel.pairs, palette([first, second]))
        yield save(drawn, picture)
        if figures is not None:
            yield save_printed(drawn, folder, picture.stem, figures)
        text += [markdown(panel), f"![{panel.heading}]({picture.name})", ""]
    rows = pd.DataFrame([pair.flat() for panel in found for pair in panel.pairs])
    for suffix, content in (("csv", rows.to_csv(index=False)), ("md", "\n".join(text))):
        write_atomically(folder / f"{stem}.{suffix}", content.encode())
        yield folder / f"{stem}.{suffix}"


def markdown(panel: Panel) -> str:
    """A panel as a Markdown table, without the drawn curves, which the figure has."""
    keys = [key for key in panel.columns if key != "track"]
    lines = [[said(panel.columns[key]) for key in keys], ["---"] * len(keys)]
    lines += [[str(row[key]) for key in keys] for row in panel.rows]
    drawn = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
    return "\n".join([f"## {panel.heading}", "", *drawn, ""])


def track(first: float, second: float, low: float, high: float) -> str:
    """Both values as marks on one axis from `low` to `high`; down the rows they form two curves turned sideways."""
    line = ["·"] * TRACK_WIDTH
    for value, mark in ((first, FIRST), (second, SECOND)):
        if not math.isnan(value):
            place = round((value - low) / (high - low or 1) * (TRACK_WIDTH - 1))
            line[place] = mark if line[place] == "·" else BOTH
    return "".join(line)


def _panel(pairs: "Sequence[PairAt]", setting: Sequence[str]) -> Panel:
    first, second = pairs[0].first.name, pairs[0].second.name
    low, high = _axis(pairs)
    spread = either(
        said(words) for covers, words in SPREADS.items() if any(pair.effect.covers == covers for pair in pairs)
    )
    return Panel(
        heading=_heading(pairs, setting),
        columns={
            "length": later("length"),
            "multiple": "× L",
            "first": f"{FIRST} {first}",
            "second": f"{SECOND} {second}",
            "track": t("curves, {low:.2f} to {high:.2f}", low=low, high=high),
            "difference": t("{first} - {second}, median {spread}", first=first, second=second, spread=spread).rstrip(),
            "better": later("better on"),
            "verdict": later("verdict"),
        },
        rows=[_row(pair, low, high) for pair in pairs],
        pairs=pairs,
    )


def _row(pair: "PairAt", low: float, high: float) -> Row:
    from benchmark.reports.phrases import NOTHING

    return {
        "length": pair.length,
        "multiple": f"{pair.multiple:g}",
        "first": _spelled(pair.first),
        "second": _spelled(pair.second),
        "track": track(pair.first.estimate.value, pair.second.estimate.value, low, high),
        "difference": pair.effect.spelled() or NOTHING,
        "better": pair.counted or NOTHING,
        "verdict": pair.said,
    }


def _setting(selection: "Selection", panel: "ReportPanel") -> list[str]:
    """What is shown of the learning rate, steps and width in which the folder's settings of this task differ."""
    own = next(selection.trained(panel)).spec
    place = own.task.label, own.budget.train_length
    specs = [record.spec for record in selection.trainings]
    alike = [spec for spec in specs if (spec.task.label, spec.budget.train_length) == place]
    rate = t("each at its best learning rate")
    if not selection.is_tuned(panel):
        rate = t("learning rate {rate:g}", rate=own.budget.learning_rate)
    told: dict[str, set[float]] = {
        rate: {spec.budget.learning_rate for spec in alike},
        t("{n} steps", n=own.budget.steps): {spec.budget.steps for spec in alike},
        t("width {n}", n=own.model.width): {spec.model.width for spec in alike},
    }
    return [words for words, values in told.items() if len(values) > 1]


def _heading(pairs: "Sequence[PairAt]", setting: Sequence[str]) -> str:
    from benchmark.reports.phrases import arrow, metric_label, seeds_phrase

    panel = pairs[0].panel
    lower_is_better = METRICS[panel.metric].lower_is_better
    chances = [f"{pair.floor.chance:.2f}" for pair in pairs if not math.isnan(pair.floor.chance)]
    shortcuts: dict[str, list[str]] = {}  # scores by name
    for pair in pairs:
        if pair.floor.matters:
            shortcuts.setdefault(pair.floor.name, []).append(f"{pair.floor.shortcut:.2f}")
    seeds = [value.estimate.n for pair in pairs for value in (pair.first, pair.second)]
    notes = [
        t("{metric}, {better}", metric=metric_label(panel.metric), better=arrow(lower_is_better=lower_is_better)),
        t("trained at L = {length}", length=panel.train_length),
        *setting,
        *([t("chance {value}", value=_ends(chances))] if chances else []),
        *(t('best shortcut "{name}" {score}', name=said(name), score=_ends(own)) for name, own in shortcuts.items()),
        t("mean [{range}]", range=seeds_phrase(seeds)),
    ]
    return t("{task}: {notes}", task=panel.task, notes=language().semicolon.join(notes))


def _ends(values: Sequence[str]) -> str:
    """The first and the last of some values: "0.95 to 0.43"."""
    first, last = values[0], values[-1]
    return first if first == last else t("{low} to {high}", low=first, high=last)


def _axis(pairs: "Sequence[PairAt]") -> tuple[float, float]:
    """From 0 to 1 for a share, from the least to the greatest mean for anything else."""
    if METRICS[pairs[0].panel.metric].bounded:
        return 0.0, 1.0
    means = [value.estimate.value for pair in pairs for value in (pair.first, pair.second)]
    known = [mean for mean in means if not math.isnan(mean)]
    return min(known), max(known)


def _spelled(value: "Value") -> str:
    from benchmark.reports.phrases import spell

    return spell(value.estimate.value, value.estimate.low, value.estimate.high, value.status)
