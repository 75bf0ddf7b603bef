"""From records back to a single command that runs their cells again."""

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from benchmark.errors import UsageError
from benchmark.experiments.changes import Changes
from benchmark.experiments.presets import PRESETS, Preset, preset
from benchmark.experiments.request import Tune
from benchmark.experiments.runs import request_of
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.spec import BudgetSpec, TrainSpec
from benchmark.results.store import Store


@dataclass(frozen=True, kw_only=True)
class Sized:
    """A preset and the changes to it."""

    preset: Preset
    changes: Changes

    def has(self, spec: TrainSpec) -> bool:
        """True if it trains models of this size with this budget."""
        return spec.model in self.changes.models(self.preset.model) and spec.budget in self.budgets(spec)

    def budgets(self, spec: TrainSpec) -> tuple[BudgetSpec, ...]:
        """Its budgets for the task of a model."""
        return self.changes.budgets_for(spec.task.name, self.preset.budgets_for(spec.task.name))


def command_for(store: Store) -> str | None:
    """The command for the preset that ran last, covering all its encodings, tasks, seeds and lengths in the store.

    Changes to the preset are those of the last run that trained with them. None if no record has the model and budget
    of a preset or of a run that the store knows. An encoding or a corpus from a file is given by name, since
    records do not contain its path.
    """
    records = list(store.records())
    trained = [record for record in records if isinstance(record, TrainRecord)]
    known = [*_run_with(store), *(Sized(preset=each, changes=Changes()) for each in PRESETS.values())]
    for newest in sorted(trained, key=lambda record: record.created, reverse=True):
        for sized in known:
            if _fits(newest, sized):
                own = [record for record in trained if _fits(record, sized) and _alike(record, newest)]
                tune = _tune(trained, newest, sized)
                parts = _spell(own, _encodings(records, own), _multiples(records, own), sized, tune)
                return _line({**parts, "--text-encoding": _text_encoding(own, store)})
    return None


def _run_with(store: Store) -> Iterator[Sized]:
    """The presets and changes of the runs that a store knows, the last run first."""
    for run in reversed(store.runs()):
        try:
            request = request_of(run.command)
            sized = Sized(preset=preset(request.preset), changes=request.changes)
            sized.changes.models(sized.preset.model)
        except UsageError:
            continue  # of another version
        yield sized


def _fits(record: TrainRecord, sized: Sized) -> bool:
    return not record.spec.is_trial and sized.has(record.spec)


def _tune(trained: Iterable[TrainRecord], newest: TrainRecord, sized: Sized) -> str:
    """The sweep of learning rates whose trials are there; "" without any."""
    trials = [
        record
        for record in trained
        if record.spec.is_trial
        and record.spec.model in sized.changes.models(sized.preset.model)
        and _at_any_rate(record.spec.budget) in map(_at_any_rate, sized.budgets(record.spec))
        and _alike(record, newest)
    ]
    grid = sorted({record.multiple for record in trials if record.multiple is not None})
    return str(Tune(grid=tuple(grid))) if grid else ""


def _at_any_rate(budget: BudgetSpec) -> BudgetSpec:
    return budget.model_copy(update={"learning_rate": 1.0})


def _alike(record: TrainRecord, newest: TrainRecord) -> bool:
    return record.spec.precision == newest.spec.precision


def _multiples(records: Iterable[object], own: Sequence[TrainRecord]) -> list[int]:
    lengths = {record.spec.key: record.spec.budget.train_length for record in own}
    measured = (record.spec for record in records if isinstance(record, EvalRecord))
    return sorted({spec.length // lengths[spec.train_key] for spec in measured if spec.train_key in lengths})


def _encodings(records: Iterable[object], own: Sequence[TrainRecord]) -> list[str]:
    """The labels that models were measured with; for an unmeasured model, the one it was trained with."""
    measured = [record.spec for record in records if isinstance(record, EvalRecord)]
    keys = {record.spec.key for record in own}
    labels = {spec.encoding.label for spec in measured if spec.train_key in keys}
    silent = keys - {spec.train_key for spec in measured}
    return sorted(labels | {record.spec.encoding.label for record in own if record.spec.key in silent})


def _text_encoding(own: Iterable[TrainRecord], store: Store) -> str:
    """The encoding that the last run of the corpus named for it; "" if it named none."""
    reading = {record.spec.key for record in own if record.spec.task.corpus}
    for run in reversed(store.runs()):
        if reading.intersection(run.train_keys):
            with suppress(UsageError):  # of another version
                return request_of(run.command).text_encoding or ""
    return ""


def _line(parts: Mapping[str, str]) -> str:
    options = (f"{option} {shlex.quote(value)}" for option, value in parts.items() if value)
    return " ".join(("python -m benchmark run", *options))


def _spell(
    own: Sequence[TrainRecord], names: Sequence[str], multiples: Sequence[int], sized: Sized, tune: str
) -> dict[str, str]:
    specs = [record.spec for record in own]
    return {
        "--encodings": ",".join(names),
        "--tasks": ",".join(sorted({spec.task.label.partition(" (")[0] for spec in specs})),
        "--preset": sized.preset.name,
        "--seeds": _seeds(specs),
        "--lengths": ",".join(map(str, multiples)),
        "--corpus": next((spec.task.corpus for spec in specs if spec.task.corpus), ""),
        "--tune": tune,
        "--precision": "" if specs[0].precision == "float32" else specs[0].precision,
        **sized.changes.options(),
    }


def _seeds(specs: Sequence[TrainSpec]) -> str:
    """The seeds; where tasks have 0, 1, 2 ... up to numbers of their own, automatic ones up to the largest."""
    by_task: dict[str, set[int]] = {}
    for spec in specs:
        by_task.setdefault(spec.task.label, set()).add(spec.init_seed)
    counts = {len(own) for own in by_task.values()}
    if len(counts) > 1 and all(own == set(range(len(own))) for own in by_task.values()):
        return f"auto:{max(counts)}"
    seeds = sorted(set().union(*by_task.values()))
    return ",".join(map(str, seeds)) + "," * (len(seeds) == 1)
