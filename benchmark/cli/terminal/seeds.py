"""Automatic seeds, or documents, in words: what a round does, what a look has decided, and what is left at the end."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from benchmark.experiments.plan import Plan
from benchmark.experiments.rounds import Looked, Round, Rounds
from benchmark.results.record import Share


def beginning(event: Round) -> str:
    """The line at the start of a round: "round 2: 4 more seeds of copy: 8 cells", "trials: 12 cells"."""
    if not event.automatic:
        return f"{event.stage}: {many(len(event.todo), 'cell')}"
    unit = f"{'more ' * (event.number > 1)}{event.unit}"
    line = f"round {event.number}: {spread(event.shares, unit)}: {many(len(event.todo), 'cell')}"
    return f"{event.stage}, {line}" if event.stage else line


def spread(shares: Sequence[Share], unit: str = "seed") -> str:
    """Seeds and the tasks that get them: "6 seeds of 4 tasks", "4 seeds of copy and 1 seed of corpus"."""
    tasks = defaultdict(list)
    for share in shares:
        tasks[len(share.seeds)].append(name(share, shares))
    parts = [f"{many(count, unit)} of {tasks_named([*dict.fromkeys(own)])}" for count, own in sorted(tasks.items())]
    return listed(parts[::-1])


def tasks_named(names: Sequence[str]) -> str:
    """One or two tasks by name, several by number."""
    return listed(names) if len(names) < 3 else f"{len(names)} tasks"


def name(one: Share, others: Iterable[Share]) -> str:
    """A task's label, with its trained length if the same task is trained at several."""
    alike = {each.train_length for each in others if each.task == one.task}
    return f"{one.task} (L = {one.train_length})" if len(alike) > 1 else one.task


def looked(event: Looked) -> str:
    """What a look at a task has decided."""
    label = f"{event.label}, {event.stage}" if event.stage else event.label
    return f"{label}: {decided(event)}"


def decided(event: Looked) -> str:
    """What is decided, and what is open."""
    state = event.standing
    if not any(state.comparisons.values()):
        return f"nothing to compare after {many(event.seeds, event.unit)}"
    if not state.open:
        return f"decided after {many(event.seeds, event.unit)}"
    if state.more:
        return f"{still_open(event)}, {many(state.more, f'more {event.unit}')}"
    if event.seeds == event.cap:
        return f"cap of {many(event.cap, event.unit)} reached, {still_open(event)}"
    return f"{still_open(event)} after {many(event.seeds, event.unit)}; it would take more than the cap of {event.cap}"


def still_open(event: Looked) -> str:
    """The open comparisons: "2 of 10 comparisons at L and 1 of 6 comparisons at 16 L still open"."""
    return f"{listed([share_open(event, length) for length in event.standing.open])} still open"


def share_open(event: Looked, length: int) -> str:
    """The open comparisons at one length."""
    of = event.standing.comparisons[length]
    what = "the comparison" if of == 1 else f"{event.standing.open[length]} of {of} comparisons"
    return f"{what} at {multiple(event, length)}"


def multiple(event: Looked, length: int) -> str:
    """A length in units of the trained one: "L", "16 L"."""
    return "L" if length == event.train_length else f"{length / event.train_length:g} L"


def closing(rounds: Rounds) -> str:
    """How many tasks are decided, with how many seeds, and which are not."""
    total, undecided = len(rounds.looks), rounds.undecided
    spent, unit = sorted({each.seeds for each in rounds.looks.values()}), rounds.plan.unit
    span = many(spent[0], unit) if len(spent) == 1 else f"{spent[0]} to {spent[-1]} {unit}s"
    line = f"{total - len(undecided)} of {total} task{'s' * (total != 1)} decided with {span}"
    line = f"{rounds.stage}: {line}" if rounds.stage else line
    if not undecided:
        return line
    places = (listed([multiple(each, length) for length in each.standing.open]) for each in undecided)
    open_ = (f"{each.label} at {place}" for each, place in zip(undecided, places, strict=True))
    return f"{line}; still open: {', '.join(open_)}"


def caps(plan: Plan) -> str:
    """The rule of automatic seeds in one line."""
    firsts, mosts = ({getattr(span, end) for span in plan.spans.values()} for end in ("first", "most"))
    if firsts == mosts:
        return f"automatic {plan.unit}s: {either(firsts)} for each task"
    return (
        f"automatic {plan.unit}s: at least {either(firsts)} and at most {either(mosts)} for each task, "
        "and no more once its comparisons are decided"
    )


def either(numbers: Iterable[int]) -> str:
    """Numbers as alternatives."""
    return " or ".join(map(str, sorted(numbers)))


def as_json(event: Round | Looked) -> dict[str, Any]:
    """The same for programs."""
    stage = {"stage": event.stage} if event.stage else {}
    if isinstance(event, Round):
        shares = [share.model_dump() for share in event.shares] if event.automatic else []
        return {"event": "round", **stage, "round": event.number, "shares": shares, "cells": len(event.todo)}
    state = event.standing
    return {
        "event": "look",
        **stage,
        "task": event.task,
        "train_length": event.train_length,
        "seeds": event.seeds,
        "cap": event.cap,
        "comparisons": state.comparisons,
        "open": state.open,
        "more_seeds": state.more,
    }


def many(count: int, what: str) -> str:
    """A number of things."""
    return f"{count} {what}{'s' * (count != 1)}"


def listed(parts: Sequence[str]) -> str:
    """An enumeration in English."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
