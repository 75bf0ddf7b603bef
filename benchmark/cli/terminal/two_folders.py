"""Two results folders or reports on the terminal, for `compare`: changes in full, the rest as counts."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.terminal.stored import name_problems
from benchmark.cli.terminal.table import Row, show, show_json
from benchmark.errors import UsageError
from benchmark.files import write_atomically
from benchmark.metrics import METRICS
from benchmark.results.store import Store

if TYPE_CHECKING:
    from benchmark.reports.compare.changes import Change, Comparison, Speed
    from benchmark.reports.compare.snapshot import Snapshot

MOST_ROWS = 20  # shown of what got worse, and of what got better
MOST_NAMES = 4
COLUMNS = {
    "verdict": "SECOND is",
    "task": "task",
    "encoding": "encoding",
    "length": "length",
    "multiple": "× L",
    "first": "FIRST",
    "second": "SECOND",
    "difference": "SECOND - FIRST [95 %]",
    "seeds": "seeds",
    "p": "p (Holm)",
}
SPEED_COLUMNS = {"encoding": "encoding", "ratio": "training time, SECOND / FIRST [95 %]", "n": "pairs of models"}


def compare_folders(
    first: Path, second: Path, out: Path | None, margin: float | None, style: str, *, fail: bool
) -> int:
    """Print what changed from the first to the second; the exit code."""
    if first == second:
        raise UsageError(f"both folders are {str(first)!r}: name two different ones")
    paths = first, second
    sides = snapshot(first), snapshot(second)
    from benchmark.reports.compare.changes import compare

    found = compare(*sides, margin)
    if not found.changes:
        raise UsageError(f"nothing to compare in {str(first)!r} and {str(second)!r}: {_first_reason(found)}")
    worse = [change for change in found.changes if change.regressed(margin)]
    if style == "json":
        show_json(_json(paths, sides, found, margin, len(worse)))
    else:
        for name, path, side in zip(("FIRST ", "SECOND"), paths, sides, strict=True):
            click.echo(f"{name}  {path}: {about(side)}")
        _show(found, margin, style)
        click.echo(verdict(worse, margin))
    if out is not None:
        write_atomically(out / "compare.csv", csv(found.changes))
        click.echo(f"wrote {out / 'compare.csv'}", err=style == "json")
    return int(fail and bool(worse))


def snapshot(path: Path) -> "Snapshot":
    """The contents of a results folder or a report; UsageError if it cannot be read."""
    from benchmark.reports.compare.snapshot import FILE, Snapshot, read

    if not path.exists():
        raise UsageError(f"no such folder: {str(path)!r}; name a folder of results or of a report")
    if path.is_file():
        return read(path)
    if (path / "cells").is_dir():
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
        f"{_many(place.threads, 'thread')}"
        for place in side.environments
    )
    counts = (len(side.models), "model"), (len(encodings), "encoding"), (len(tasks), "task")
    return f"{', '.join(_many(*count) for count in counts)}; {'; or '.join(places)}"


def verdict(worse: "Sequence[Change]", margin: float | None) -> str:
    """The sentence about regressions, which `--fail-on-regression` acts on."""
    than = "the margin of its metric" if margin is None else f"{margin:g}"
    if not worse:
        return f"no regression: nothing is shown to be worse by more than {than}"
    return f"{_many(len(worse), 'regression')}: worse by more than {than}, or a value has disappeared"


def csv(changes: "Sequence[Change]") -> bytes:
    """Every comparison as one csv line."""
    import pandas as pd

    return pd.DataFrame([_flat(change) for change in changes]).to_csv(index=False).encode()


def _show(found: "Comparison", margin: float | None, style: str) -> None:
    from benchmark.reports.compare.changes import CHANGED, GOT_WORSE

    click.echo(_counts(found))
    for line in _conditions(found, margin):
        click.echo(line)
    changed = sorted((change for change in found.changes if change.verdict in CHANGED), key=_worst_first)
    for wanted, what in ((True, "worse"), (False, "better")):
        rows = [change for change in changed if (change.verdict in GOT_WORSE) == wanted]
        if rows:
            click.echo()
            show([_row(change, margin) for change in rows[:MOST_ROWS]], COLUMNS, style)
            if len(rows) > MOST_ROWS:
                click.echo(_rest(rows[MOST_ROWS:], what))
    click.echo()
    _show_speed(found.speed, style)
    for obstacle in found.obstacles:
        where = f" on {obstacle.task}" if obstacle.task else ""
        click.echo(f"not compared{where}: {_names(obstacle.encodings)}: {obstacle.why}")


def _rest(changes: "Sequence[Change]", what: str) -> str:
    """How many more changes there are, and for which encodings."""
    most = Counter(change.name for change in changes).most_common()
    names = _names([f"{name} ({count})" for name, count in most])
    return f"and {len(changes)} more that are {what}, for {names}: --out and --display json show all"


def _counts(found: "Comparison") -> str:
    count = Counter(change.verdict for change in found.changes)
    worse = sum(count[name] for name in ("worse", "worse on these seeds", "lost"))
    better = sum(count[name] for name in ("better", "better on these seeds", "gained"))
    parts = {
        "identical to the last bit": count["identical"],
        "worse": worse,
        "better": better,
        "not shown to differ": count["not shown"],
        "without a value to compare": count["no value"],
    }
    told = ", ".join(f"{number} {what}" for what, number in parts.items() if number)
    return f"{_many(len(found.changes), 'place')} (task, encoding, length) compared by headline metric: {told}"


def _conditions(found: "Comparison", margin: float | None) -> Iterator[str]:
    """Lines about the tests behind the verdicts."""
    tests = Counter(change.test for change in found.changes if not math.isnan(change.p))
    told = {"paired": "by sign flips of seed-by-seed differences", "Welch": "by Welch's t, as no seed is common"}
    if found.family:
        ways = ", ".join(f"{tests[name]} {how}" for name, how in told.items() if tests[name])
        yield f"tested: {ways}; p corrected for all {found.family} (Holm)"
    undecided = [change for change in found.changes if change.verdict == "not shown"]
    if undecided:
        largest = max(undecided, key=lambda change: abs(change.difference))
        yield (
            f"largest difference among those not shown to differ: {largest.difference:+.3f} ({largest.name} on "
            f"{largest.task} at {largest.length}; {_seeds(largest)})"
        )
    few = [change for change in undecided if change.test == "paired" and change.seeds[0] < found.fewest]
    if few:
        yield f"with this many tests, sign flips can show nothing below {found.fewest} common seeds"
    if moved := sum(change.moved(margin) and change.worsening > 0 for change in few):
        yield (
            f"{moved} of these {'is' if moved == 1 else 'are'} worse on every common seed by more than the margin, but "
            "on machines that round differently: set --margin to count them"
        )
    if found.sources:
        yield f"the source of the encoding differs, which is what this compares: {_names(found.sources)}"


def _show_speed(speed: "Sequence[Speed]", style: str) -> None:
    """Print the encodings whose interval excludes 1, and count the others."""
    told = [each for each in speed if each.ratio.low > 1 or each.ratio.high < 1]
    if told:
        show([_speed_row(each) for each in sorted(told, key=lambda each: -each.ratio.value)], SPEED_COLUMNS, style)
        click.echo("one interval per encoding, over tasks and seeds; training time never counts as a regression")
    if len(told) < len(speed):
        click.echo(f"training time: {_many(len(speed) - len(told), 'encoding')} not shown to be slower or faster")


def _speed_row(speed: "Speed") -> Row:
    ratio = speed.ratio
    return {
        "encoding": speed.encoding,
        "ratio": f"× {ratio.value:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]",
        "n": ratio.n,
    }


def _row(change: "Change", margin: float | None) -> Row:
    within = change.verdict == "worse" and not change.regressed(margin)
    ended = change.lost or (change.gained if change.verdict == "gained" else "")
    return {
        "verdict": change.verdict + (f" ({ended})" if ended else "") + (" (within the margin)" if within else ""),
        "task": change.task,
        "encoding": change.name,
        "length": change.length,
        "multiple": f"{change.length / change.train_length:g}",
        "first": _number(change.first),
        "second": _number(change.second),
        "difference": _interval(change),
        "seeds": _seeds(change),
        "p": "—" if math.isnan(change.p_corrected) else f"{change.p_corrected:.2g}",
    }


def _interval(change: "Change") -> str:
    if math.isnan(change.difference):
        return "—"
    if math.isnan(change.low):
        return f"{change.difference:+.3f} (no interval)"
    return f"{change.difference:+.3f} [{change.low:+.3f}, {change.high:+.3f}]"


def _seeds(change: "Change") -> str:
    own, other = change.seeds
    if not change.test:
        return "—"
    return f"{own}, paired" if change.test == "paired" else f"{own} and {other}, unpaired"


def _number(value: float) -> str:
    return "—" if math.isnan(value) else f"{value:.3f}"


def _worst_first(change: "Change") -> tuple[bool, float, str, str, int]:
    known = not math.isnan(change.difference)
    return (
        change.verdict != "lost",
        -abs(change.difference) if known else 0.0,
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


def _json(
    paths: tuple[Path, Path], sides: "tuple[Snapshot, Snapshot]", found: "Comparison", margin: float | None, worse: int
) -> dict[str, Any]:

    first, second = (
        {"path": path, "models": len(side.models), "environments": [place.model_dump() for place in side.environments]}
        for path, side in zip(paths, sides, strict=True)
    )
    return {
        "first": first,
        "second": second,
        "margins": {name: metric.margin for name, metric in METRICS.items() if metric.margin == metric.margin}
        if margin is None
        else margin,
        "family": found.family,
        "regressions": worse,
        "counts": Counter(change.verdict for change in found.changes),
        "changes": [{**_flat(change), "regression": change.regressed(margin)} for change in found.changes],
        "not_compared": [asdict(obstacle) for obstacle in found.obstacles],
        "changed_sources": found.sources,
        "training_time": [{"encoding": each.encoding, **_finite(asdict(each.ratio))} for each in found.speed],
    }


def _flat(change: "Change") -> dict[str, Any]:
    """A change as columns; None where there is no value."""
    row = _finite(asdict(change))
    row["seeds_first"], row["seeds_second"] = row.pop("seeds")
    return row


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in row.items()}


def _names(names: Sequence[str]) -> str:
    from benchmark.reports.compare.matching import named

    return named(names, MOST_NAMES)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
