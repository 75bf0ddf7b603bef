"""Two results folders or reports on the terminal, for `compare`: changes in full, the rest as counts."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.terminal.stored import name_problems
from benchmark.cli.terminal.table import SPREADS, Row, show, show_json
from benchmark.errors import UsageError
from benchmark.files import write_atomically
from benchmark.metrics import METRICS
from benchmark.results.pack import is_pack
from benchmark.results.store import Store

if TYPE_CHECKING:
    from benchmark.reports.compare.changes import Change, Comparison, Speed
    from benchmark.reports.compare.snapshot import Snapshot
    from benchmark.reports.stats.effect import Effect

MOST_ROWS = 20  # of the changes for the worse, and of those for the better
MOST_NAMES = 4
CHANGE_COLUMNS = {
    "verdict": "SECOND is",
    "task": "task",
    "encoding": "encoding",
    "length": "length",
    "multiple": "× L",
    "first": "FIRST",
    "second": "SECOND",
    "difference": "SECOND - FIRST, median {spread}",
    "seeds": "SECOND better on",
}
SPEED_COLUMNS = {
    "encoding": "encoding",
    "ratio": "training time, SECOND / FIRST, median [95 % interval]",
    "n": "pairs of models",
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

    found = compare(*sides, margin)
    if all(change.verdict == "no value" for change in found.changes):
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
            show([_row(change, margin) for change in rows[:MOST_ROWS]], _columns(rows[:MOST_ROWS]), style)
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
    """Lines about the evidence behind the verdicts."""
    if found.family:
        yield f"{_many(found.family, 'comparison')} judged together: nothing is shown below {found.fewest} common seeds"
    undecided = [change for change in found.changes if change.verdict == "not shown"]
    if undecided:
        largest = max(undecided, key=lambda change: abs(change.effect.value))
        yield (
            f"largest difference among those not shown to differ: {largest.effect.value:+.3f} ({largest.name} on "
            f"{largest.task} at {largest.length}; {_seeds(largest)} seeds)"
        )
    if moved := sum(change.moved(margin) and change.worsening > 0 for change in undecided):
        yield (
            f"{moved} of these {'is' if moved == 1 else 'are'} worse on every common seed by more than the margin, but "
            "on machines that round differently: set --margin to count them"
        )
    if found.sources:
        yield f"the source of the encoding differs, which is what this compares: {_names(found.sources)}"


def _show_speed(speed: "Sequence[Speed]", style: str) -> None:
    """Print the encodings whose interval excludes 1, and count the others."""
    told = [each for each in speed if each.ratio.covers == "95 %" and (each.ratio.low > 1 or each.ratio.high < 1)]
    if told:
        show([_speed_row(each) for each in sorted(told, key=lambda each: -each.ratio.value)], SPEED_COLUMNS, style)
        click.echo("one interval per encoding, over tasks and seeds; training time never counts as a regression")
    few = sum(each.ratio.covers != "95 %" for each in speed)
    if level := len(speed) - len(told) - few:
        click.echo(f"training time: {_many(level, 'encoding')} with a 95 % interval of the ratio that includes 1")
    if few:
        click.echo(f"training time: {_many(few, 'encoding')} with too few pairs of models for an interval (below 6)")


def _speed_row(speed: "Speed") -> Row:
    return {"encoding": speed.encoding, "ratio": f"× {speed.ratio.spelled('.2f')}", "n": speed.ratio.n}


def _columns(changes: "Sequence[Change]") -> dict[str, str]:
    """The headings of these rows; the difference says what its brackets are."""
    covers = {change.effect.covers for change in changes}
    spread = " or ".join(words for kind, words in SPREADS.items() if kind in covers)
    return {key: heading.format(spread=spread).rstrip(" ,") for key, heading in CHANGE_COLUMNS.items()}


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
        "difference": change.effect.spelled() or "—",
        "seeds": _seeds(change),
    }


def _seeds(change: "Change") -> str:
    return f"{change.duel.losses} of {change.duel.n}" if change.differences else "—"


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
        "comparisons": found.family,
        "fewest_seeds": found.fewest,
        "regressions": worse,
        "counts": Counter(change.verdict for change in found.changes),
        "changes": [{**_flat(change), "regression": change.regressed(margin)} for change in found.changes],
        "not_compared": [asdict(obstacle) for obstacle in found.obstacles],
        "changed_sources": found.sources,
        "training_time": [{"encoding": each.encoding, **_measured(each.ratio, "ratio")} for each in found.speed],
    }


def _flat(change: "Change") -> dict[str, Any]:
    """A change as columns; None where there is no value."""
    duel = change.duel
    return {
        "task": change.task,
        "trained_with": change.trained_with,
        "encoding": change.encoding,
        "train_length": change.train_length,
        "length": change.length,
        "metric": change.metric,
        "first": _known(change.first),
        "second": _known(change.second),
        **_measured(change.effect, "difference"),
        "first_better": duel.wins,
        "second_better": duel.losses,
        "more_seeds": duel.more_seeds if any(change.differences) else None,
        "lost": change.lost,
        "gained": change.gained,
        "same_machine": change.same_machine,
        "verdict": change.verdict,
    }


def _measured(effect: "Effect", name: str) -> dict[str, Any]:
    """A median with its ends, what they are, and how many pairs are behind it."""
    ends = {"low": _known(effect.low), "high": _known(effect.high), "interval": effect.covers or None}
    return {name: _known(effect.value), **ends, "pairs": effect.n}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _names(names: Sequence[str]) -> str:
    from benchmark.reports.compare.matching import named

    return named(names, MOST_NAMES)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
