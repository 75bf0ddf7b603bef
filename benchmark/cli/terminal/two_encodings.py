"""Two encodings on the terminal, for `compare`: each length side by side, by each task's headline metric."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.terminal.file_names import safe
from benchmark.cli.terminal.stored import name_problems, stored
from benchmark.cli.terminal.table import Row, show, show_json
from benchmark.errors import UsageError, unknown
from benchmark.files import write_atomically
from benchmark.metrics import METRICS

if TYPE_CHECKING:
    import pandas as pd

TRACK_WIDTH = 25
FIRST, SECOND, BOTH = "●", "○", "◉"


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Two encodings on one task: the table's heading and rows."""

    task: str
    setting: str
    train_length: int
    heading: str
    columns: dict[str, str]
    rows: list[Row]


def compare_encodings(first: str, second: str, results: Path, out: Path | None, style: str) -> None:
    """Print two encodings of one results folder side by side, length by length."""
    known = check(first, second)
    store = stored(results)
    from benchmark.reports.tables.values import metric_table

    table = metric_table(store)
    name_problems(store)
    present = set(table["encoding"])
    one, two = (_label(name, known, present, results) for name in (first, second))
    shared = comparable(table, one, two)
    if shared.empty:
        raise UsageError(
            f"nothing to compare: {one!r} and {two!r} share no task, setting, seed and length in "
            f"{str(results)!r}; run both alike with python -m benchmark run --encodings {one},{two}"
        )
    absent = list(left_out(table, shared, [one, two]))
    if style == "json":
        show_json({"first": one, "second": two, "differences": differences(shared, one, two), "left_out": absent})
    else:
        for panel in panels(shared, one, two):
            show(panel.rows, panel.columns, style, title=panel.heading)
            click.echo()
        for line in absent:
            click.echo(line)
    for path in write(shared, one, two, out) if out is not None else ():
        click.echo(f"wrote {path}", err=style == "json")


def differences(table: "pd.DataFrame", first: str, second: str) -> list[Row]:
    """The contents of the panels as numbers; None where there is no value."""
    from benchmark.reports.stats.two_encodings import compare

    found = compare(table, first, second).astype(object)
    rows = found.where(found.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def comparable(table: "pd.DataFrame", first: str, second: str) -> "pd.DataFrame":
    """The headline rows of both encodings, from the newest setting they share for each task and trained length."""
    rows = table[table["headline"] & table["encoding"].isin([first, second])]
    measured = rows[rows["value"].notna()]
    pair = ["task", "train_length", "setting", "seed", "length"]
    both = measured[measured["encoding"] == first].merge(measured[measured["encoding"] == second], on=pair)
    newest = both.assign(created=both[["created_x", "created_y"]].max(axis=1)).sort_values("created")
    kept = newest.drop_duplicates(["task", "train_length"], keep="last")[["task", "setting"]]
    return rows.merge(kept, on=["task", "setting"])


def panels(table: "pd.DataFrame", first: str, second: str) -> Iterator[Panel]:
    """One panel per task and trained length."""
    from benchmark.reports.stats.points import over_seeds
    from benchmark.reports.stats.two_encodings import compare

    points = over_seeds(table)
    differences = compare(table, first, second)
    for (task, setting), rows in differences.groupby(["task", "setting"], sort=True):
        here = points[(points["task"] == task) & (points["setting"] == setting)]
        yield Panel(
            task=str(task),
            setting=str(setting),
            train_length=int(rows["train_length"].iloc[0]),
            heading=_heading(rows, here),
            columns={
                "length": "length",
                "multiple": "× L",
                "first": f"{FIRST} {first}",
                "second": f"{SECOND} {second}",
                "track": "curves, {:.2f} to {:.2f}".format(*_axis(here)),
                "difference": f"{first} - {second}",
                "n": "seeds",
                "better": "better",
            },
            rows=list(_rows(rows, here, first, second)),
        )


def left_out(table: "pd.DataFrame", shared: "pd.DataFrame", labels: Sequence[str]) -> Iterator[str]:
    """The tasks that cannot be compared although one of the two was measured on them, with the reasons."""
    rows = table[table["encoding"].isin(labels)]
    for task in sorted(set(rows["task"]) - set(shared["task"])):
        there = sorted(set(rows[rows["task"] == task]["encoding"]))
        why = f"only {there[0]!r} was run" if len(there) == 1 else "they share no setting, seed and measured length"
        yield f"not comparable on {task}: {why}"


def write(table: "pd.DataFrame", first: str, second: str, folder: Path) -> Iterator[Path]:
    """Write a figure per panel, and the tables as csv and Markdown; yields each path as it is written."""
    from benchmark.reports.draw.canvas import save
    from benchmark.reports.draw.style import palette
    from benchmark.reports.draw.two_encodings import paired
    from benchmark.reports.stats.two_encodings import compare

    stem = safe(f"compare-{first}-{second}")
    text: list[str] = []
    for panel in panels(table, first, second):
        picture = folder / f"{stem}-{safe(panel.task)}-{panel.train_length}.svg"
        rows = table[(table["task"] == panel.task) & (table["setting"] == panel.setting)]
        yield save(paired(rows, first, second, palette([first, second])), picture)
        text += [markdown(panel), f"![{panel.heading}]({picture.name})", ""]
    differences = compare(table, first, second)
    for suffix, content in (("csv", differences.to_csv(index=False)), ("md", "\n".join(text))):
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
        raise UsageError(f"both encodings are {first!r}: name two different ones")
    names = CATALOGUE.names()
    given = [name for name in (first, second) if name.partition(":")[0] in names or name.endswith(".py")]
    labels = {name: CATALOGUE.choice(name).label for name in given}
    if len(labels) == 2 and labels[first] == labels[second]:
        raise UsageError(f"{first!r} and {second!r} are the same encoding, {labels[first]!r}: name two different ones")
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


def _heading(rows: "pd.DataFrame", points: "pd.DataFrame") -> str:
    from benchmark.reports.phrases import seeds_phrase

    row = rows.iloc[0]
    chance = points["chance"].dropna()
    notes = [
        f"{str(row['metric']).replace('_', ' ')}, {'lower' if row['lower_is_better'] else 'higher'} is better",
        f"trained at L = {row['train_length']}",
        *([f"chance {chance.iloc[0]:.2f}"] if len(chance) else []),
        seeds_phrase([int(count) for count in rows["n"]]),
    ]
    return f"{row['task']}: {'; '.join(notes)}"


def _rows(rows: "pd.DataFrame", points: "pd.DataFrame", first: str, second: str) -> Iterator[Row]:
    low, high = _axis(points)
    values = {(point["encoding"], point["length"]): point for point in points.to_dict("records")}
    for row in rows.sort_values("length").to_dict("records"):
        own, other = (values.get((name, row["length"]), {}) for name in (first, second))
        yield {
            "length": row["length"],
            "multiple": f"{row['multiple']:g}",
            "first": _spelled(own),
            "second": _spelled(other),
            "track": track(own.get("mean", math.nan), other.get("mean", math.nan), low, high),
            "difference": _signed(row["difference"], row["low"], row["high"]),
            "n": row["n"],
            "better": row["better"] or ("not shown to differ" if row["n"] else "—"),
        }


def _axis(points: "pd.DataFrame") -> tuple[float, float]:
    """From 0 to 1 for a share, from the least to the greatest mean for anything else."""
    if METRICS[points["metric"].iloc[0]].bounded:
        return 0.0, 1.0
    return float(points["mean"].min()), float(points["mean"].max())


def _spelled(point: Mapping[Hashable, Any]) -> str:
    from benchmark.reports.phrases import NOTHING, spell

    return spell(point["mean"], point["low"], point["high"], point["status"]) if point else NOTHING


def _signed(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "—"
    if math.isnan(low):
        return f"{value:+.3f} (no interval)"
    return f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"
