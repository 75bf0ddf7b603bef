"""What a run would do, for `run --dry-run`: its cells, what is there, and roughly what its training would take.

A table has a row for each task and encoding. As csv or json, the plan has a row for each cell, and whatever else there
is to say goes to the error stream.
"""

import csv
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from benchmark.cli.terminal import rates
from benchmark.cli.terminal.price import Price
from benchmark.cli.terminal.seeds import beginning, caps, closing, looked
from benchmark.cli.terminal.table import Row, show, show_json
from benchmark.cli.terminal.words import cells as counted
from benchmark.experiments.estimate import Estimate, estimate, kind_of
from benchmark.experiments.outstanding import outstanding
from benchmark.experiments.plan import Cell
from benchmark.experiments.rounds import Round, Rounds
from benchmark.experiments.speed import Speeds
from benchmark.experiments.tuning import AT_BEST, Stages, Trials
from benchmark.reports.phrases import rendered
from benchmark.reports.words import later, listed, said, t
from benchmark.results.outcomes import TRAIN
from benchmark.results.spec import TUNING_SEEDS_FROM
from benchmark.results.store import Store

PLAN_COLUMNS = {
    "task": later("task"),
    "encoding": later("trained with"),
    "measured": later("measured with"),
    "cells": later("cells"),
    "seeds": later("seeds"),
    "model": later("model"),
    "length": later("L"),
    "steps": later("steps"),
    "batch": later("batch"),
    "rate": later("learning rate"),
    "parameters": later("parameters"),
    "seconds": later("seconds a cell"),
    "state": later("state"),
}


STATES = (later("finished"), later("to train"), later("to measure"), later("in an earlier stage"))
MODELS = (later("{layers} × {width}, {heads} heads, {mixing}"), later("{layers} × {width}, {heads} heads"))


@dataclass(kw_only=True)
class Shown:
    """How a plan is shown, and what was shown so far."""

    store: Store
    device: str
    workers: int | None
    on_ray: bool
    force: bool
    retry_failed: bool
    form: str = "table"
    speeds: Speeds = field(init=False)
    keys: set[str] = field(default_factory=set)  # of the models of earlier stages
    rows: list[dict[str, Any]] = field(default_factory=list)  # of the cells, unless they are shown as a table

    def __post_init__(self) -> None:
        self.speeds = Speeds.of(self.store, self.device)

    def stages(self, stages: Stages) -> None:
        """Print every stage that can be planned already."""
        for stage in stages:
            if stage.stage:
                self.say(t("{stage}:", stage=said(stage.stage)))
            self.stage(stage)
            self.keys |= stage.reached.train_keys
        trials = stages.begun[0]
        if isinstance(trials, Trials) and any(rate.rate is None for each in trials.chosen for rate in each.rates):
            what = t("the same comparison again, for encodings whose trials choose another learning rate")
            self.say(t("{name}: {what}", name=said(AT_BEST), what=what))
        if self.form == "json":
            show_json(self.rows)
        elif self.form == "csv":
            _print_csv(self.rows)

    def stage(self, stage: Trials | Rounds) -> None:
        """Print one stage."""
        todo = self._left(stage)
        if not todo and isinstance(stage, Rounds):
            stage.catch_up(self.store)
            todo = self._left(stage)
        plan = stage.reached
        later = stage.later if isinstance(stage, Rounds) else ()
        estimates = estimate((*plan.cells, *later), self.speeds)
        states = {cell.train.key: self._state(cell) for cell in todo}
        states |= dict.fromkeys(plan.train_keys & self.keys, "in an earlier stage")
        if self.form == "table":
            show(list(summary(plan.cells, estimates, states)), PLAN_COLUMNS)
        else:
            self.rows += whole(stage.stage, plan.cells, estimates, states)
        for line in _decided(stage, todo, self.store):
            self.say(line)
        training = [cell for cell in todo if states[cell.train.key] == "to train"]
        capped = [cell for cell in later if not trained(cell, self.store)]
        price = self._price(self.device, self.speeds, training, capped, estimates)
        self.say(t("{name}: {what}", name=tally(len(plan.cells), len(todo)), what=price.time))
        if training:
            self.say(price.basis)
            self.say(price.disk(_free_bytes(self.store.root)))
        if price.is_long:
            speeds = Speeds.of(self.store, "cuda")
            on_gpu = self._price("cuda", speeds, training, capped, estimate((*training, *capped), speeds))
            self.say(t("with --device cuda: {time}", time=on_gpu.time))
            self.say(on_gpu.basis)

    def _price(
        self,
        device: str,
        speeds: Speeds,
        training: Sequence[Cell],
        capped: Sequence[Cell],
        estimates: Mapping[str, Estimate],
    ) -> Price:
        return Price(
            device=device,
            workers=self.workers,
            on_ray=self.on_ray,
            speeds=speeds,
            training=[estimates[cell.train.key] for cell in training],
            capped=[estimates[cell.train.key] for cell in capped],
        )

    def say(self, line: str) -> None:
        """Print a line beside the cells."""
        click.echo(line, err=self.form != "table")

    def _left(self, stage: Trials | Rounds) -> list[Cell]:
        cells = outstanding(stage.reached, self.store, force=self.force, retry_failed=self.retry_failed)
        return [cell for cell in cells if cell.train.key not in self.keys]

    def _state(self, cell: Cell) -> str:
        return "to measure" if not self.force and trained(cell, self.store) else "to train"


def summary(cells: Sequence[Cell], estimates: Mapping[str, Estimate], states: Mapping[str, str]) -> Iterator[Row]:
    """A row for each task and encoding, or more where their cells differ in more than their seeds."""
    groups: dict[tuple[object, ...], list[Cell]] = {}
    for cell in cells:
        groups.setdefault(kind_of(cell), []).append(cell)
    for own in groups.values():
        count = Counter(states.get(cell.train.key, "finished") for cell in own)
        about = _about(own[0], estimates[own[0].train.key])
        yield {
            **about,
            "model": rendered(about["model"], MODELS),
            "cells": len(own),
            "seeds": _seeds(own),
            "rate": f"{about['rate']:g}",
            "parameters": f"{about['parameters']:,}",
            "seconds": None if about["seconds"] is None else f"{about['seconds']:.0f}",
            "state": [f"{number} {said(state)}" * (len(count) > 1) or said(state) for state, number in count.items()],
        }


def whole(
    stage: str, cells: Sequence[Cell], estimates: Mapping[str, Estimate], states: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """A row for each cell."""
    for cell in cells:
        own = estimates[cell.train.key]
        yield {
            "stage": stage,
            **_about(cell, own),
            "seed": _seed(cell),
            "basis": own.basis,
            "operations": own.operations,
            "disk_bytes": own.disk_bytes,
            "state": states.get(cell.train.key, "finished"),
            "key": cell.train.key,
        }


def _about(cell: Cell, own: Estimate) -> dict[str, Any]:
    """What cells have in common that differ only in their seed."""
    budget = cell.train.budget
    return {
        "task": cell.train.task.label,
        "encoding": cell.train.encoding.label,
        "measured": [measure.label for measure in cell.measures],
        "model": model_of(cell),
        "length": budget.train_length,
        "steps": budget.steps,
        "batch": budget.batch,
        "rate": budget.learning_rate,
        "parameters": own.parameters,
        "seconds": own.seconds,
    }


def model_of(cell: Cell) -> str:
    """The model of a cell: "2 × 64, 4 heads" is 2 layers of width 64."""
    model = cell.train.model
    mixing = "" if model.mixing == "none" else f", {model.mixing}"
    return f"{model.layers} × {model.width}, {model.heads} heads{mixing}"


def _seed(cell: Cell) -> int:
    """The seed of a cell; of a trial, its number."""
    return cell.seed if cell.multiple is None else cell.seed - TUNING_SEEDS_FROM


def _seeds(cells: Sequence[Cell]) -> str:
    """The seeds of cells: "0 to 19", "0, 4, 7", "trial 0 to 1"."""
    seeds = sorted(map(_seed, cells))
    together = len(seeds) > 1 and seeds == list(range(seeds[0], seeds[-1] + 1))
    text = t("{low} to {high}", low=seeds[0], high=seeds[-1]) if together else listed(seeds)
    return text if cells[0].multiple is None else t("trial {numbers}", numbers=text)


def _print_csv(rows: Sequence[dict[str, Any]]) -> None:
    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "measured": ",".join(row["measured"])} for row in rows)


def _decided(stage: Trials | Rounds, todo: Sequence[Cell], store: Store) -> Iterator[str]:
    """What the records have chosen or decided so far, and what the next round is."""
    if isinstance(stage, Trials):
        for each in stage.advance(store):
            if any(rate.rate is not None for rate in each.rates):
                yield rates.chosen(each)
        return
    yield from map(looked, stage.looks.values())
    if stage.plan.spans:
        next_ = Round(number=1, todo=todo, automatic=True, stage=stage.stage)
        yield beginning(next_) if todo else closing(stage)
        yield caps(stage.plan)


def _free_bytes(folder: Path) -> int:
    """Free room on the disk of a folder, which need not exist yet."""
    there = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    return shutil.disk_usage(there).free


def trained(cell: Cell, store: Store) -> bool:
    """True if a cell's model is there."""
    known = store.outcomes(cell.train.key)[TRAIN]
    return known is not None and known.status == "ok"


def tally(cells: int, todo: int) -> str:
    """The number of cells in a plan, finished and still to do."""
    return t("{cells}, {finished} finished, {todo} to do", cells=counted(cells), finished=cells - todo, todo=todo)
