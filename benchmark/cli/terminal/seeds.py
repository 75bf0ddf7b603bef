"""Automatic seeds, or documents, in words: what a round does, what a look has decided, and what is left at the end."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from benchmark.cli.terminal.words import cells, either
from benchmark.experiments.plan import Plan
from benchmark.experiments.rounds import Looked, Round, Rounds
from benchmark.reports.phrases import more_seeds, seeds_of, spelled
from benchmark.reports.words import joined, later, listed, said, speaking, t
from benchmark.results.record import Share

STAGES = (later("trials"), later("same rate for all"), later("each at its best"))  # of experiments.tuning


def beginning(event: Round) -> str:
    """The line at the start of a round: "round 2: 4 more seeds of copy: 8 cells", "trials: 12 cells"."""
    if not event.automatic:
        return t("{name}: {what}", name=said(event.stage), what=cells(len(event.todo)))
    with speaking(documents=event.unit == "document"):
        line = t(
            "round {n}: {seeds}: {cells}",
            n=event.number,
            seeds=spread(event.shares, more=event.number > 1),
            cells=cells(len(event.todo)),
        )
        return t("{name}, {what}", name=said(event.stage), what=line) if event.stage else line


def spread(shares: Sequence[Share], *, more: bool = False) -> str:
    """Seeds and the tasks that get them: "6 seeds of 4 tasks", "4 seeds of copy and 1 seed of corpus"."""
    tasks = defaultdict(list)
    for share in shares:
        tasks[len(share.seeds)].append(name(share, shares))
    number = more_seeds if more else seeds_of
    parts = [
        t("{seeds} of {tasks}", seeds=number(count), tasks=tasks_named([*dict.fromkeys(own)]))
        for count, own in sorted(tasks.items())
    ]
    return joined(parts[::-1])


def tasks_named(names: Sequence[str]) -> str:
    """One or two tasks by name, several by number."""
    return joined(names) if len(names) < 3 else t("{n} tasks", n=len(names))


def name(one: Share, others: Iterable[Share]) -> str:
    """A task's label, with its trained length if the same task is trained at several."""
    alike = {each.train_length for each in others if each.task == one.task}
    return f"{one.task} (L = {one.train_length})" if len(alike) > 1 else one.task


def looked(event: Looked) -> str:
    """What a look at a task has decided."""
    with speaking(documents=event.unit == "document"):
        label = t("{name}, {what}", name=event.label, what=said(event.stage)) if event.stage else event.label
        return t("{name}: {what}", name=label, what=decided(event))


def decided(event: Looked) -> str:
    """What is decided, and what is open."""
    state = event.standing
    if not any(state.comparisons.values()):
        return t("nothing to compare after {seeds}", seeds=seeds_of(event.seeds))
    if not state.open:
        return t("decided after {seeds}", seeds=seeds_of(event.seeds))
    if state.more:
        return t("{open}, {more}", open=still_open(event), more=more_seeds(state.more))
    if event.seeds == event.cap:
        return t("cap of {seeds} reached, {open}", seeds=seeds_of(event.cap), open=still_open(event))
    return t(
        "{open} after {seeds}; it would take more than the cap of {cap}",
        open=still_open(event),
        seeds=seeds_of(event.seeds),
        cap=event.cap,
    )


def still_open(event: Looked) -> str:
    """The open comparisons: "2 of 10 comparisons at L and 1 of 6 comparisons at 16 L still open"."""
    return t("{comparisons} still open", comparisons=joined(share_open(event, each) for each in event.standing.open))


def share_open(event: Looked, length: int) -> str:
    """The open comparisons at one length."""
    of = event.standing.comparisons[length]
    place = multiple(event, length)
    if of == 1:
        return t("the comparison at {place}", place=place)
    return t("{part} of {n} comparisons at {place}", part=event.standing.open[length], n=of, place=place)


def multiple(event: Looked, length: int) -> str:
    """A length in units of the trained one: "L", "16 L"."""
    return spelled(length / event.train_length)


def closing(rounds: Rounds) -> str:
    """How many tasks are decided, with how many seeds, and which are not."""
    with speaking(documents=rounds.plan.unit == "document"):
        total, undecided = len(rounds.looks), rounds.undecided
        spent = sorted({each.seeds for each in rounds.looks.values()})
        span = t("{low} to {high} seeds", low=spent[0], high=spent[-1]) if len(spent) > 1 else seeds_of(spent[0])
        done = total - len(undecided)
        line = t("{part} of {n} tasks decided with {seeds}", part=done, n=total, seeds=span)
        if total == 1:
            line = t("{part} of 1 task decided with {seeds}", part=done, seeds=span)
        line = t("{name}: {what}", name=said(rounds.stage), what=line) if rounds.stage else line
        if not undecided:
            return line
        places = (joined(multiple(each, length) for length in each.standing.open) for each in undecided)
        open_ = (t("{task} at {place}", task=each.label, place=at) for each, at in zip(undecided, places, strict=True))
        return t("{line}; still open: {tasks}", line=line, tasks=listed(open_))


def caps(plan: Plan) -> str:
    """The rule of automatic seeds in one line."""
    with speaking(documents=plan.unit == "document"):
        firsts, mosts = ({getattr(span, end) for span in plan.spans.values()} for end in ("first", "most"))
        if firsts == mosts:
            return t("automatic seeds: {n} for each task", n=either(sorted(firsts)))
        return t(
            "automatic seeds: at least {first} and at most {most} for each task, and no more once its comparisons are "
            "decided",
            first=either(sorted(firsts)),
            most=either(sorted(mosts)),
        )


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
