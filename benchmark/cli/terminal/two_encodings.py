"""Two encodings on the terminal, for `compare`: each length side by side, by each task's headline metric."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.terminal.file_names import safe
from benchmark.cli.terminal.stored import name_problems, stored
from benchmark.cli.terminal.table import SPREADS, Row, show, show_json
from benchmark.errors import UsageError, echo, unknown
from benchmark.files import write_atomically
from benchmark.metrics import METRICS

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
    pairs: "list[PairAt]"


def compare_encodings(first: str, second: str, results: Path, out: Path | None, style: str) -> None:
    """Print two encodings of one results folder side by side, length by length."""
    known = check(first, second)
    store = stored(results)
    from benchmark.reports.page.selection import Selection

    selection = Selection.of(store)
    name_problems(store)
    present = set(selection.frame["encoding"])
    one, two = (_label(name, known, present, results) for name in (first, second))
    chosen = comparable(selection, one, two)
    found = panels(chosen, one, two)
    if not found:
        raise UsageError(
            f"nothing to compare: {one!r} and {two!r} share no task, setting, seed and length in "
            f"{str(results)!r}; run both alike with python -m benchmark run --encodings {one},{two}"
        )
    absent = list(left_out(selection.frame, chosen.shown, [one, two]))
    if style == "json":
        rows = [{**pair.flat(), "by_seed": pair.differences} for panel in found for pair in panel.pairs]
        show_json({"first": one, "second": two, "differences": rows, "left_out": absent})
    else:
        for panel in found:
            show(panel.rows, panel.columns, style, title=panel.heading)
            click.echo()
        for line in absent:
            click.echo(line)
    for path in write(found, one, two, out) if out is not None else ():
        click.echo(f"wrote {path}", err=style == "json")


def comparable(selection: "Selection", first: str, second: str) -> "Selection":
    """For each task and trained length the setting that a report shows, or else the newest that both share.

    The rows hold every encoding of it. Where each encoding has its own learning rate, that counts as one setting.
    """
    import pandas as pd

    table = pd.concat([selection.frame, *(main.table for main in selection.mains if main.tuned)], ignore_index=True)
    rows = table[table["headline"] & table["encoding"].isin([first, second])]
    measured = rows[rows["value"].notna()]
    pair = ["task", "train_length", "setting", "seed", "length"]
    both = measured[measured["encoding"] == first].merge(measured[measured["encoding"] == second], on=pair)
    shown = both["setting"].isin(set(selection.shown["setting"]))
    newest = both.assign(shown=shown, created=both[["created_x", "created_y"]].max(axis=1))
    kept = newest.sort_values(["shown", "created"]).drop_duplicates(["task", "train_length"], keep="last")[
        ["task", "setting"]
    ]
    return replace(selection, shown=table.merge(kept, on=["task", "setting"]))


def panels(selection: "Selection", first: str, second: str) -> list[Panel]:
    """One panel per task and trained length."""
    from benchmark.reports.page.two_encodings import paired_panels

    return [_panel(pairs, _setting(selection, panel)) for panel, pairs in paired_panels(selection, first, second)]


def left_out(table: "pd.DataFrame", shared: "pd.DataFrame", labels: Sequence[str]) -> Iterator[str]:
    """The tasks that cannot be compared although one of the two was measured on them, with the reasons."""
    rows = table[table["encoding"].isin(labels)]
    for task in sorted(set(rows["task"]) - set(shared["task"])):
        there = sorted(set(rows[rows["task"] == task]["encoding"]))
        why = f"only {there[0]!r} was run" if len(there) == 1 else "they share no setting, seed and measured length"
        yield f"not comparable on {task}: {why}"


def write(found: Sequence[Panel], first: str, second: str, folder: Path) -> Iterator[Path]:
    """Write a figure per panel, and the tables as csv and Markdown; yields each path as it is written."""
    import pandas as pd

    from benchmark.reports.draw.canvas import save
    from benchmark.reports.draw.style import palette
    from benchmark.reports.draw.two_encodings import paired

    stem = safe(f"compare-{first}-{second}")
    text: list[str] = []
    for panel in found:
        pair = panel.pairs[0]
        names = safe(f"compare-{pair.first.name}-{pair.second.name}")
        picture = folder / f"{names}-{safe(pair.panel.task)}-{pair.panel.train_length}.svg"
        yield save(paired(panel.pairs, palette([first, second])), picture)
        text += [markdown(panel), f"![{panel.heading}]({picture.name})", ""]
    rows = pd.DataFrame([pair.flat() for panel in found for pair in panel.pairs])
    for suffix, content in (("csv", rows.to_csv(index=False)), ("md", "\n".join(text))):
        write_atomically(folder / f"{stem}.{suffix}", content.encode())
        yield folder / f"{stem}.{suffix}"


def markdown(panel: Panel) -> str:
    """A panel as a Markdown table, without the drawn curves, which the figure has."""
    keys = [key for key in panel.columns if key != "track"]
    lines = [[panel.columns[key] for key in keys], ["---"] * len(keys)]
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


def check(first: str, second: str) -> dict[str, str]:
    """The labels of the given names that are registered or are files, by the name as typed."""
    from benchmark.encodings import CATALOGUE

    if first == second:
        raise UsageError(f"both encodings are {echo(first)}: name two different ones")
    names = CATALOGUE.names()
    given = [name for name in (first, second) if name.partition(":")[0] in names or name.endswith(".py")]
    labels = {name: CATALOGUE.choice(name).label for name in given}
    if len(labels) == 2 and labels[first] == labels[second]:
        raise UsageError(
            f"{echo(first)} and {echo(second)} are the same encoding, {labels[first]!r}: name two different ones"
        )
    return labels


def _label(name: str, known: dict[str, str], present: set[str], folder: Path) -> str:
    label = known.get(name, name)
    if label in present:
        return label
    if name in known:
        raise UsageError(
            f"no results for {label!r} in {str(folder)!r}; make some with python -m benchmark run --encodings {name}. "
            f"Available: {', '.join(sorted(present))}."
        )
    from benchmark.encodings import CATALOGUE

    raise unknown("encoding", name, present | set(CATALOGUE.names()))


def _panel(pairs: "list[PairAt]", setting: Sequence[str]) -> Panel:
    first, second = pairs[0].first.name, pairs[0].second.name
    low, high = _axis(pairs)
    spread = " or ".join(
        words for covers, words in SPREADS.items() if any(pair.effect.covers == covers for pair in pairs)
    )
    return Panel(
        heading=_heading(pairs, setting),
        columns={
            "length": "length",
            "multiple": "× L",
            "first": f"{FIRST} {first}",
            "second": f"{SECOND} {second}",
            "track": f"curves, {low:.2f} to {high:.2f}",
            "difference": f"{first} - {second}, median {spread}".rstrip(),
            "better": "better on",
            "verdict": "verdict",
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
    rate = "each at its best learning rate"
    if not selection.is_tuned(panel):
        rate = f"learning rate {own.budget.learning_rate:g}"
    told: dict[str, set[float]] = {
        rate: {spec.budget.learning_rate for spec in alike},
        f"{own.budget.steps} steps": {spec.budget.steps for spec in alike},
        f"width {own.model.width}": {spec.model.width for spec in alike},
    }
    return [words for words, values in told.items() if len(values) > 1]


def _heading(pairs: "Sequence[PairAt]", setting: Sequence[str]) -> str:
    from benchmark.reports.phrases import seeds_phrase

    panel = pairs[0].panel
    lower_is_better = METRICS[panel.metric].lower_is_better
    chances = [f"{pair.floor.chance:.2f}" for pair in pairs if not math.isnan(pair.floor.chance)]
    shortcuts: dict[str, list[str]] = {}  # scores by name
    for pair in pairs:
        if pair.floor.matters:
            shortcuts.setdefault(pair.floor.name, []).append(f"{pair.floor.shortcut:.2f}")
    seeds = [value.estimate.n for pair in pairs for value in (pair.first, pair.second)]
    notes = [
        f"{panel.metric.replace('_', ' ')}, {'lower' if lower_is_better else 'higher'} is better",
        f"trained at L = {panel.train_length}",
        *setting,
        *([f"chance {_ends(chances)}"] if chances else []),
        *(f'best shortcut "{name}" {_ends(scores)}' for name, scores in shortcuts.items()),
        f"mean [{seeds_phrase(seeds)}]",
    ]
    return f"{panel.task}: {'; '.join(notes)}"


def _ends(values: Sequence[str]) -> str:
    """The first and the last of some values: "0.95 to 0.43"."""
    return " to ".join(dict.fromkeys((values[0], values[-1])))


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
