"""Two results folders or reports on the terminal, for `compare`: changes in full, the rest as counts."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.terminal.stored import name_problems
from benchmark.cli.terminal.table import SPREADS, Row, show, show_json
from benchmark.cli.terminal.two_folders_data import as_csv, as_json
from benchmark.cli.terminal.words import either, many
from benchmark.errors import UsageError
from benchmark.files import write_atomically
from benchmark.reports.words import later, listed, said, speaking, t
from benchmark.results.pack import is_pack
from benchmark.results.store import Store

if TYPE_CHECKING:
    from benchmark.reports.compare.changes import Change, Comparison, Speed
    from benchmark.reports.compare.snapshot import Snapshot

MOST_ROWS = 20  # of the changes for the worse, and of those for the better
MOST_NAMES = 4
CHANGE_COLUMNS = {
    "verdict": later("SECOND is"),
    "task": later("task"),
    "encoding": later("encoding"),
    "length": later("length"),
    "multiple": "× L",
    "first": later("FIRST"),
    "second": later("SECOND"),
    "difference": later("SECOND - FIRST, median {spread}"),
    "seeds": later("SECOND better on"),
}
SPEED_COLUMNS = {
    "encoding": later("encoding"),
    "ratio": later("training time, SECOND / FIRST, median [95 % interval]"),
    "n": later("pairs of models"),
}


def compare_folders(
    first: Path, second: Path, out: Path | None, margin: float | None, style: str, *, fail: bool
) -> int:
    """Print what changed from the first to the second; the exit code."""
    if first == second:
        raise UsageError(f"both folders are {str(first)!r}: name two different ones")
    paths = first, second
    sides = snapshot(first), snapshot(second)
    from benchmark.reports.compare.changes import compare

    with speaking("en" if style == "json" else None):
        found = compare(*sides, margin)
    if all(change.verdict == "no value" for change in found.changes):
        with speaking("en"):
            why = _first_reason(compare(*sides, margin))
        raise UsageError(f"nothing to compare in {str(first)!r} and {str(second)!r}: {why}")
    worse = [change for change in found.changes if change.regressed(margin)]
    if style == "json":
        show_json(as_json(paths, sides, found, margin, len(worse)))
    else:
        for name, path, side in zip(("FIRST ", "SECOND"), paths, sides, strict=True):
            click.echo(t("{side}  {path}: {content}", side=name, path=path, content=about(side)))
        _show(found, margin, style)
        click.echo(verdict(worse, margin))
    if out is not None:
        write_atomically(out / "compare.csv", as_csv(found.changes))
        click.echo(t("wrote {path}", path=out / "compare.csv"), err=style == "json")
    return int(fail and bool(worse))


def snapshot(path: Path) -> "Snapshot":
    """The contents of a results folder or a report; UsageError if it cannot be read."""
    from benchmark.reports.compare.snapshot import FILE, Snapshot, read

    if not path.exists():
        raise UsageError(f"no such folder: {str(path)!r}; name a folder of results or of a report")
    packed = is_pack(path)
    if path.is_file() and not packed:
        return read(path)
    if packed or (path / "cells").is_dir():
        store = Store(path)
        taken = Snapshot.of_store(store)
        if not taken.models:
            why = store.problems[0] if store.problems else "it has no records"
            raise UsageError(f"no results in {str(path)!r}: {why}")
        name_problems(store)
        return taken
    if (path / FILE).is_file():
        return read(path / FILE)
    if (path / "index.html").is_file() or (path / "report.md").is_file():
        raise UsageError(f"the report in {str(path)!r} has no {FILE}: write it again with python -m benchmark report")
    raise UsageError(f"{str(path)!r} is neither a results folder (it has no cells/) nor a report (it has no {FILE})")


def about(side: "Snapshot") -> str:
    """The size of a side, and the environments it was made in."""
    encodings, tasks = {row.encoding for row in side.rows}, {row.task for row in side.rows}
    places = dict.fromkeys(
        f"position-benchmark {place.benchmark}, torch {place.torch}, {place.device}, {place.processor}, "
        + many(place.threads, later("1 thread"), later("{n} threads"))
        for place in side.environments
    )
    counts = (
        many(len(side.models), later("1 model"), later("{n} models")),
        many(len(encodings), later("1 encoding"), later("{n} encodings")),
        many(len(tasks), later("1 task"), later("{n} tasks")),
    )
    return t("{counts}; {places}", counts=listed(counts), places=t("; or ").join(places))


def verdict(worse: "Sequence[Change]", margin: float | None) -> str:
    """The sentence about regressions, which `--fail-on-regression` acts on."""
    than = t("the margin of its metric") if margin is None else f"{margin:g}"
    if not worse:
        return t("no regression: nothing is shown to be worse by more than {margin}", margin=than)
    count = many(len(worse), later("1 regression"), later("{n} regressions"))
    return t("{count}: worse by more than {margin}, or a value has disappeared", count=count, margin=than)


def _show(found: "Comparison", margin: float | None, style: str) -> None:
    from benchmark.reports.compare.changes import CHANGED, GOT_WORSE

    click.echo(_counts(found))
    for line in _conditions(found, margin):
        click.echo(line)
    changed = sorted((change for change in found.changes if change.verdict in CHANGED), key=_worst_first)
    for wanted in (True, False):
        rows = [change for change in changed if (change.verdict in GOT_WORSE) == wanted]
        if rows:
            click.echo()
            show([_row(change, margin) for change in rows[:MOST_ROWS]], _columns(rows[:MOST_ROWS]), style)
            if len(rows) > MOST_ROWS:
                click.echo(_rest(rows[MOST_ROWS:], worse=wanted))
    click.echo()
    _show_speed(found.speed, style)
    for obstacle in found.obstacles:
        told = {"names": _names(obstacle.encodings), "why": obstacle.why}
        if obstacle.task:
            click.echo(t("not compared on {task}: {names}: {why}", task=obstacle.task, **told))
        else:
            click.echo(t("not compared: {names}: {why}", **told))


def _rest(changes: "Sequence[Change]", *, worse: bool) -> str:
    """How many more changes there are, and for which encodings."""
    most = Counter(change.name for change in changes).most_common()
    names = _names([f"{name} ({count})" for name, count in most])
    if worse:
        return t(
            "and {n} more that are worse, for {names}: --out and --display json show all", n=len(changes), names=names
        )
    return t(
        "and {n} more that are better, for {names}: --out and --display json show all", n=len(changes), names=names
    )


def _counts(found: "Comparison") -> str:
    count = Counter(change.verdict for change in found.changes)
    worse = sum(count[name] for name in ("worse", "worse on these seeds", "lost"))
    better = sum(count[name] for name in ("better", "better on these seeds", "gained"))
    parts = {
        later("{n} identical to the last bit"): count["identical"],
        later("{n} worse"): worse,
        later("{n} better"): better,
        later("{n} not shown to differ"): count["not shown"],
        later("{n} without a value to compare"): count["no value"],
    }
    told = listed(said(message).format(n=number) for message, number in parts.items() if number)
    places = many(len(found.changes), later("1 place"), later("{n} places"))
    return t("{places} (task, encoding, length) compared by headline metric: {told}", places=places, told=told)


def _conditions(found: "Comparison", margin: float | None) -> Iterator[str]:
    """Lines about the evidence behind the verdicts."""
    if found.family:
        yield t(
            "{comparisons} judged together: nothing is shown below {n} common seeds",
            comparisons=many(found.family, later("1 comparison"), later("{n} comparisons")),
            n=found.fewest,
        )
    undecided = [change for change in found.changes if change.verdict == "not shown"]
    if undecided:
        largest = max(undecided, key=lambda change: abs(change.effect.value))
        yield t(
            "largest difference among those not shown to differ: {difference:+.3f} ({encoding} on {task} at {length}; "
            "{seeds} seeds)",
            difference=largest.effect.value,
            encoding=largest.name,
            task=largest.task,
            length=largest.length,
            seeds=_seeds(largest),
        )
    if moved := sum(change.moved(margin) and change.worsening > 0 for change in undecided):
        one = later(
            "1 of these is worse on every common seed by more than the margin, but on machines that round differently: "
            "set --margin to count them"
        )
        several = later(
            "{n} of these are worse on every common seed by more than the margin, but on machines that round "
            "differently: set --margin to count them"
        )
        yield many(moved, one, several)
    if found.sources:
        yield t("the source of the encoding differs, which is what this compares: {names}", names=_names(found.sources))


def _show_speed(speed: "Sequence[Speed]", style: str) -> None:
    """Print the encodings whose interval excludes 1, and count the others."""
    told = [each for each in speed if each.ratio.covers == "95 %" and (each.ratio.low > 1 or each.ratio.high < 1)]
    if told:
        show([_speed_row(each) for each in sorted(told, key=lambda each: -each.ratio.value)], SPEED_COLUMNS, style)
        click.echo(t("one interval per encoding, over tasks and seeds; training time never counts as a regression"))
    few = sum(each.ratio.covers != "95 %" for each in speed)
    if level := len(speed) - len(told) - few:
        count = many(level, later("1 encoding"), later("{n} encodings"))
        click.echo(t("training time: {encodings} with a 95 % interval of the ratio that includes 1", encodings=count))
    if few:
        count = many(few, later("1 encoding"), later("{n} encodings"))
        click.echo(
            t("training time: {encodings} with too few pairs of models for an interval (below 6)", encodings=count)
        )


def _speed_row(speed: "Speed") -> Row:
    return {"encoding": speed.encoding, "ratio": f"× {speed.ratio.spelled('.2f')}", "n": speed.ratio.n}


def _columns(changes: "Sequence[Change]") -> dict[str, str]:
    """The headings of these rows; the difference says what its brackets are."""
    covers = {change.effect.covers for change in changes}
    spread = either(said(words) for kind, words in SPREADS.items() if kind in covers)
    return {key: said(heading).format(spread=spread).rstrip(" ,，") for key, heading in CHANGE_COLUMNS.items()}


def _row(change: "Change", margin: float | None) -> Row:
    from benchmark.reports.compare.changes import VERDICTS
    from benchmark.reports.phrases import STATUSES

    within = change.verdict == "worse" and not change.regressed(margin)
    ended = (change.lost or (change.gained if change.verdict == "gained" else "")).split(", ")
    remarks = [*(STATUSES.get(each, each) for each in ended if each), *[t("within the margin")] * within]
    verdict = said(VERDICTS[change.verdict])
    return {
        "verdict": t("{name} ({remarks})", name=verdict, remarks=listed(remarks)) if remarks else verdict,
        "task": change.task,
        "encoding": change.name,
        "length": change.length,
        "multiple": f"{change.length / change.train_length:g}",
        "first": _number(change.first),
        "second": _number(change.second),
        "difference": change.effect.spelled() or "—",
        "seeds": _seeds(change),
    }


def _seeds(change: "Change") -> str:
    return t("{part} of {n}", part=change.duel.losses, n=change.duel.n) if change.differences else "—"


def _number(value: float) -> str:
    return "—" if math.isnan(value) else f"{value:.3f}"


def _worst_first(change: "Change") -> tuple[bool, float, str, str, int]:
    return (
        change.verdict != "lost",
        -abs(change.effect.value) if change.differences else 0.0,
        change.task,
        change.name,
        change.length,
    )


def _first_reason(found: "Comparison") -> str:
    """Why nothing can be compared: the most frequent reason."""
    reasons = Counter({each.why: len(each.encodings) for each in found.obstacles if each.task})
    if not reasons:
        return "neither has a measured value"
    if set(reasons) <= {"only in FIRST", "only in SECOND"}:
        return "they have no task and encoding in common"
    return next(why for why, _ in reasons.most_common() if not why.startswith("only in"))


def _names(names: Sequence[str]) -> str:
    from benchmark.reports.compare.matching import named

    return named(names, MOST_NAMES)
