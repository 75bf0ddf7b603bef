"""Tuning: each encoding is also compared at the learning rate at which it is best.

A run with tuning has three stages:

    trials               every trained encoding x task and size x learning rate x tuning seed, measured at L
    same rate for all    the comparison that a run without tuning makes
    each at its best     the same comparison on the same seeds, each encoding at the rate that its trials chose

All encodings get the same number of trials, on seeds that are reserved for them. Cells of the second stage serve the
third as well where the chosen rate is the task's own. Which rate is best is not known here: `Choose` asks the reports.

Source: tune first, then repeat with fresh seeds, https://arxiv.org/abs/2410.02140.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from benchmark.experiments.outstanding import outstanding
from benchmark.experiments.plan import Cell, Measure, Plan, Span
from benchmark.experiments.request import Tune
from benchmark.experiments.rounds import Rounds, by_contest
from benchmark.results.record import RateRecord
from benchmark.results.spec import TUNING_SEEDS_FROM, EvalSpec, TrainSpec
from benchmark.results.store import Store

TRIALS, SAME_RATE, AT_BEST = "trials", "same rate for all", "each at its best"  # names of the stages

Choose = Callable[[Store], float | None]  # the best rate, from the trials of one encoding on one task


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The rates chosen on one task."""

    label: str  # `Cell.task_label`
    rates: Sequence[RateRecord]  # by encoding
    trials: int
    train_seconds: float  # of all its trials
    more: ClassVar[int] = 0  # a sweep has one round


@dataclass
class Trials:
    """The first stage: the trials of a sweep, and what they chose."""

    plan: Plan
    choose: Choose
    chosen: list[Chosen] = field(default_factory=list)
    best: dict[tuple[str, str], float | None] = field(default_factory=dict)  # the rate by competitor
    stage: str = TRIALS

    @property
    def reached(self) -> Plan:
        """All trials: they have no rounds."""
        return self.plan

    def advance(self, store: Store) -> list[Chosen]:
        """Choose a rate for each encoding on each task."""
        lacking = {cell.train.key for cell in outstanding(self.plan, store)}
        self.chosen = [self._chosen(cells, lacking, store) for cells in by_contest(self.plan.cells).values()]
        return self.chosen

    def rate(self, cell: Cell) -> float | None:
        """The rate chosen for the encoding of a cell in its contest."""
        return self.best.get(_competitor(cell))

    def _chosen(self, cells: Sequence[Cell], lacking: set[str], store: Store) -> Chosen:
        records = [record for cell in cells if (record := store.train(cell.train.key)) is not None]
        return Chosen(
            label=cells[0].task_label,
            rates=[self._rate(competitor, own, lacking, store) for competitor, own in _by_competitor(cells).items()],
            trials=len(records),
            train_seconds=sum(record.train_seconds for record in records),
        )

    def _rate(self, competitor: tuple[str, str], cells: Sequence[Cell], lacking: set[str], store: Store) -> RateRecord:
        keys = [cell.train.key for cell in cells]
        specs = {spec.key for cell in cells for measure in cell.measures for spec in measure.evaluations}
        trials = Store(store.root, store.problems, only=frozenset(keys) | specs)
        spec = cells[0].train
        self.best[competitor] = None if lacking.intersection(keys) else self.choose(trials)
        return RateRecord(
            task=spec.task.label,
            train_length=spec.budget.train_length,
            encoding=spec.encoding.label,
            usual=next(cell.train.budget.learning_rate for cell in cells if cell.multiple == 1),
            grid=sorted({cell.train.budget.learning_rate for cell in cells}),
            rate=self.best[competitor],
            trials=keys,
        )


@dataclass
class Stages:
    """The stages of a run, one after the other, and those it has come to."""

    plan: Plan  # of the comparison
    coming: Iterator[Trials | Rounds]
    begun: list[Trials | Rounds] = field(default_factory=list)

    def __iter__(self) -> Iterator[Trials | Rounds]:
        for stage in self.coming:
            self.begun.append(stage)
            yield stage

    @property
    def reached(self) -> Plan:
        """The cells of all stages so far, each once."""
        plans = [stage.reached for stage in self.begun]
        cells = {cell.train.key: cell for plan in plans for cell in plan.cells}
        return plans[0].model_copy(update={"cells": tuple(cells.values())})


def trials_of(plan: Plan, tune: Tune) -> Plan:
    """The trials ahead of a plan: each of its trained encodings in each contest, at every rate and tuning seed."""
    first = {_competitor(cell): cell for cell in reversed(plan.cells)}
    cells = tuple(
        _trial(cell, multiple, TUNING_SEEDS_FROM + seed)
        for cell in reversed(first.values())
        for multiple in tune.grid
        for seed in range(tune.seeds)
    )
    return plan.model_copy(update={"cells": cells, "spans": {}, "notes": ()})


def at_best(plan: Plan, trials: Trials) -> Plan | None:
    """The same plan with each encoding at its chosen rate; None if that changes nothing, or nothing was chosen.

    An encoding without a chosen rate is left out.
    """
    cells = tuple(_at_rate(cell, rate) for cell in plan.cells if (rate := trials.rate(cell)) is not None)
    best = plan.model_copy(update={"cells": cells, "spans": _spans(plan, cells)})
    return best if best.train_keys - plan.train_keys else None


def _spans(plan: Plan, cells: Iterable[Cell]) -> dict[str, Span]:
    left = {cell.contest for cell in cells}
    return {contest: span for contest, span in plan.spans.items() if contest in left}


def _trial(cell: Cell, multiple: float, seed: int) -> Cell:
    """A trial of the encoding that a cell is trained with, measured only with itself and only at L."""
    usual = cell.train.budget.learning_rate
    rate = usual if multiple == 1 else float(f"{usual * multiple:.12g}")  # 0.3 * 0.003 is 0.0009
    train = _with_rate(cell.train, rate).model_copy(update={"init_seed": seed, "data_seed": seed})
    evaluation = EvalSpec(train_key=train.key, encoding=train.encoding, length=train.budget.train_length)
    measures = (Measure(origin=cell.encoding, evaluations=(evaluation,)),)
    return cell.model_copy(update={"train": train, "measures": measures, "multiple": multiple})


def _at_rate(cell: Cell, rate: float) -> Cell:
    """The same cell at another learning rate."""
    train = _with_rate(cell.train, rate)
    changed = {"train_key": train.key}
    measures = tuple(
        measure.model_copy(
            update={
                "evaluations": tuple(spec.model_copy(update=changed) for spec in measure.evaluations),
                "probes": tuple(spec.model_copy(update=changed) for spec in measure.probes),
            }
        )
        for measure in cell.measures
    )
    return cell.model_copy(update={"train": train, "measures": measures})


def _with_rate(train: TrainSpec, rate: float) -> TrainSpec:
    return train.model_copy(update={"budget": train.budget.model_copy(update={"learning_rate": rate})})


def _competitor(cell: Cell) -> tuple[str, str]:
    """A trained encoding in its contest."""
    return cell.contest, cell.train.encoding.label


def _by_competitor(cells: Iterable[Cell]) -> dict[tuple[str, str], list[Cell]]:
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        found.setdefault(_competitor(cell), []).append(cell)
    return found
