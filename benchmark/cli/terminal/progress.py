"""Progress while cells run: a live display, plain lines, JSON lines, or nothing."""

import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from benchmark.cli.terminal import rates, seeds
from benchmark.cli.terminal.logs import LOG
from benchmark.cli.terminal.words import duration
from benchmark.experiments.executor import Event
from benchmark.experiments.pace import Pace, announced
from benchmark.experiments.rounds import Looked, Round
from benchmark.experiments.tuning import Chosen
from benchmark.reports.phrases import STATUSES, explained
from benchmark.reports.words import language, later, said, speaking, t

LEFT = {  # by the scope of a pace
    "": later("about {time} left"),
    " in this round": later("about {time} left in this round"),
    " in this stage": later("about {time} left in this stage"),
}
DISPLAYS = ("auto", "rich", "plain", "json", "none")


class Display(Protocol):
    """Shows events."""

    def __call__(self, event: Event | Round | Looked | Chosen) -> None:
        """Show one event."""


def rate(event: Event) -> str:
    """Training speed of a cell."""
    return t("{rate} tokens/s", rate=f"{event.tokens / event.seconds:,.0f}") if event.seconds else ""


def ending(event: Event) -> str:
    """How a cell ended, for people."""
    if event.status == "ok":
        return t("done")
    status = STATUSES.get(event.status or "", str(event.status))
    return t("{name}: {what}", name=status, what=explained(event.reason)) if event.reason else status


def trouble(line: str) -> str:
    """A line of `runs.went_wrong`, for people."""
    cell, _, why = line.partition(": ")
    status, _, reason = why.partition(": ")
    if status not in STATUSES:
        return t("{name}: {what}", name=cell, what=explained(why))
    told = t("{name}: {what}", name=STATUSES[status], what=explained(reason)) if reason else STATUSES[status]
    return t("{name}: {what}", name=cell, what=told)


def resuming(event: Event) -> str:
    """Where an interrupted cell continues, or why it starts over, for people."""
    if event.reason:
        return explained(event.reason)
    return t("continues at step {step} of {steps}", step=event.step, steps=event.cell.train.budget.steps)


def outcome(event: Looked | Chosen) -> str:
    """What a round has decided or chosen on a task, for people."""
    return seeds.looked(event) if isinstance(event, Looked) else rates.chosen(event)


@contextmanager
def display(style: str) -> Iterator[Display]:
    """Log events, in English, and show them in a style; "auto" is live in a terminal and plain in a pipe."""
    with _shown(style) as show:

        def both(event: Event | Round | Looked | Chosen) -> None:
            with speaking("en"):
                log(event)
            show(event)

        yield both


def log(event: Event | Round | Looked | Chosen) -> None:
    """Log an event; a step of training only for the most verbose."""
    if isinstance(event, Looked | Chosen):
        LOG.info("%s", outcome(event))
    elif isinstance(event, Round):
        LOG.info("%s", seeds.beginning(event))
    elif event.kind == "progress":
        LOG.debug("%s: step %d of %d, %s", event.cell.label, event.step, event.cell.train.budget.steps, rate(event))
    else:
        told = {"resumed": resuming, "done": ending}.get(event.kind)
        LOG.info("%s: %s", event.cell.label, told(event) if told else event.kind)


def remaining(pace: Pace) -> str:
    """The time that is left of a run, a round or a stage, for people."""
    seconds = pace.seconds_left if pace.finished < len(pace.cells) else 0
    if seconds is None:
        return t("time left not known yet")
    return said(LEFT[pace.scope]).format(time=duration(seconds))


def _shown(style: str) -> AbstractContextManager[Display]:
    if style == "auto":
        style = "rich" if sys.stdout.isatty() else "plain"
    if style == "rich":
        return Live()
    if style == "plain":
        return nullcontext(Plain())
    return nullcontext(show_json if style == "json" else show_nothing)


def show_nothing(event: Event | Round | Looked | Chosen) -> None:
    """Show nothing."""


def show_json(event: Event | Round | Looked | Chosen) -> None:
    """One JSON object per line."""
    if isinstance(event, Chosen):
        show_json_line(**rates.as_json(event))
        return
    if not isinstance(event, Event):
        if isinstance(event, Looked) or announced(event):
            show_json_line(**seeds.as_json(event))
        return
    line: dict[str, Any] = {"key": event.cell.train.key, "cell": event.cell.label}
    if event.kind == "progress":
        line |= {"step": event.step, "tokens": event.tokens, "seconds": round(event.seconds, 3)}
    if event.kind == "resumed":
        line |= {"step": event.step, "reason": event.reason}
    if event.kind == "done":
        line |= {"status": event.status, "reason": event.reason}
    show_json_line(event=event.kind, **line)


def show_json_line(**line: Any) -> None:
    """Print a line of JSON."""
    click.echo(json.dumps(line, ensure_ascii=False))


@dataclass
class Plain:
    """Prints one line per finished cell."""

    pace: Pace = field(default_factory=Pace)
    speeds: dict[str, str] = field(default_factory=dict)

    def __call__(self, event: Event | Round | Looked | Chosen) -> None:
        """Print the line for an event, if it has one."""
        if isinstance(event, Looked | Chosen):
            click.echo(outcome(event))
            return
        if isinstance(event, Round):
            self.pace = Pace.of(event)
            if announced(event):
                click.echo(seeds.beginning(event))
            return
        self.pace.note(event)
        key = event.cell.train.key
        if event.kind == "resumed":
            click.echo(t("{name}: {what}", name=event.cell.label, what=resuming(event)))
        if event.kind == "progress":
            self.speeds[key] = rate(event)
        if event.kind == "done":
            told, speed = ending(event), self.speeds.get(key)
            told = t("{name}, {what}", name=told, what=speed) if speed else told
            count = f"[{self.pace.finished}/{len(self.pace.cells)}]"
            line = t("{name}: {what}", name=f"{count} {event.cell.label}", what=told)
            click.echo(language().semicolon.join((line, remaining(self.pace))))


class Live(AbstractContextManager["Live"]):
    """Progress bars in a terminal: one for the run and one for each running cell."""

    def __init__(self) -> None:
        self.pace = Pace()
        self.progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            console=Console(),
            transient=True,
        )
        self.total = self.progress.add_task(t("cells"), total=None, note="")
        self.bars: dict[str, TaskID] = {}

    def __enter__(self) -> "Live":
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def __call__(self, event: Event | Round | Looked | Chosen) -> None:
        """Update the bars."""
        if isinstance(event, Looked | Chosen):
            self.progress.console.print(outcome(event), markup=False)
            return
        if isinstance(event, Round):
            self.pace = Pace.of(event)
            self.progress.update(self.total, completed=0, total=len(event.todo), note="")
            if announced(event):
                self.progress.console.print(seeds.beginning(event), markup=False)
            return
        self.pace.note(event)
        key = event.cell.train.key
        if event.kind == "started":
            if key in self.bars:  # it was lost with its machine, and starts again
                self.progress.remove_task(self.bars.pop(key))
            self.bars[key] = self.progress.add_task(event.cell.label, total=event.cell.train.budget.steps, note="")
        elif event.kind == "resumed":
            if key in self.bars:
                self.progress.update(self.bars[key], completed=event.step)
            line = t("{name}: {what}", name=event.cell.label, what=resuming(event))
            self.progress.console.print(line, markup=False)
        elif event.kind == "progress":
            self.progress.update(self.bars[key], completed=event.step, note=rate(event))
        elif event.kind == "measuring":
            self.progress.update(self.bars[key], note=t("measuring"))
        else:
            if key in self.bars:
                self.progress.remove_task(self.bars.pop(key))
            if event.status != "ok":
                line = t("{name}: {what}", name=event.cell.label, what=ending(event))
                self.progress.console.print(line, markup=False)
        left = remaining(self.pace)
        self.progress.update(self.total, completed=self.pace.finished, note=left)
