"""A snapshot: what a results folder or a report has measured, with all that decides if two of them can be compared.

A report leaves one beside its pages, `data.json`: one row per measurement, by its task's headline metric. Two reports
can thus be compared (`changes`) when their results are no longer at hand, and a program can read what the page shows:
`pandas.DataFrame(json.loads(Path("reports/data.json").read_text())["rows"])`.

Convention: `model` and `applied` of a row, and `setting`, `encoding` and `environment` of a model, count from 0 in the
lists of that name (`applied` in `encodings`).
"""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, Self, TypeVar

import pandas as pd
from pydantic import FiniteFloat, ValidationError, model_validator

from benchmark.errors import UsageError
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.views import own_settings
from benchmark.reports.tables.measurements import all_trainings, setting_of
from benchmark.reports.tables.values import metric_table
from benchmark.results.record import Environment, EvalRecord, Status, TrainRecord
from benchmark.results.spec import (
    BudgetSpec,
    Count,
    EncodingSpec,
    Frozen,
    ModelSpec,
    Positive,
    Precision,
    TaskSpec,
    TrainSpec,
)
from benchmark.results.store import Store

FILE = "data.json"
DATA_SCHEMA = 1
ROW_COLUMNS = ("task", "encoding", "trained_with", "seed", "train_length", "length", "metric", "status")


class Setting(Frozen):
    """Everything that decides a trained model apart from its encoding and seeds."""

    protocol: int
    task: TaskSpec
    model: ModelSpec
    budget: BudgetSpec
    precision: Precision


class Model(Frozen):
    """A trained model, or one whose training failed or diverged."""

    setting: Count
    encoding: Count
    environment: Count
    init_seed: Count
    data_seed: Count
    status: Status
    train_seconds: FiniteFloat


class MeasuredRow(Frozen):
    """A model measured at one length."""

    task: str
    encoding: str
    trained_with: str  # differs from `encoding` if that was applied at test time
    seed: Count
    train_length: Positive
    length: Positive
    metric: str
    value: FiniteFloat | None
    status: Status
    model: Count
    applied: Count
    main: bool = True  # in a report: of the setting that its tables show, and not only of “Does it hold?”


class Snapshot(Frozen):
    """All rows of a results folder or a report."""

    schema_version: Literal[1] = 1
    settings: list[Setting]
    encodings: list[EncodingSpec]
    environments: list[Environment]
    models: list[Model]
    rows: list[MeasuredRow]

    @model_validator(mode="after")
    def _points_into_its_lists(self) -> Self:
        aims: list[tuple[Sequence[Frozen], list[int]]] = [
            (self.settings, [model.setting for model in self.models]),
            (self.encodings, [model.encoding for model in self.models] + [row.applied for row in self.rows]),
            (self.environments, [model.environment for model in self.models]),
            (self.models, [row.model for row in self.rows]),
        ]
        if any(number >= len(aim) for aim, numbers in aims for number in numbers):
            raise ValueError("a number in it points past the end of a list")
        return self

    @classmethod
    def of_store(cls, store: Store) -> "Snapshot":
        """Everything in a results folder, of all settings."""
        store = store.held()
        return _taken(store, metric_table(store), all_trainings(store))

    @classmethod
    def of_report(cls, selection: Selection) -> "Snapshot":
        """What a report shows, and the models of the same settings that failed or diverged."""
        views = [*selection.mains, *(view for main in selection.mains for view in selection.others(main))]
        kept = frozenset().union(*(view.evaluations for view in views))
        table = selection.frame[selection.frame["eval_key"].isin(kept)]
        names = {setting for setting, _ in own_settings(views, selection.trainings)}
        trainings = [record for record in selection.trainings if setting_of(record.spec) in names]
        return _taken(selection.store, table, trainings, frozenset(selection.shown["eval_key"]))

    def text(self) -> str:
        """The snapshot as JSON, one row per line: the same records give the same text."""
        data = self.model_dump(mode="json")
        parts = [f'"schema_version":{data.pop("schema_version")}', *(_lines(name, data[name]) for name in data)]
        return "{" + ",\n".join(parts) + "}\n"


def read(path: Path) -> Snapshot:
    """Read a report's `data.json`; a one-line error if it is not a snapshot, or has another schema version."""
    try:
        data = json.loads(path.read_bytes())
        version = data.get("schema_version") if isinstance(data, dict) else None
        if version != DATA_SCHEMA:
            raise UsageError(
                f"{str(path)!r} has schema version {version!r}, but this version reads {DATA_SCHEMA}: write the report "
                "again with this version, or compare with the version that wrote it"
            )
        return Snapshot.model_validate(data)
    except UsageError:
        raise
    except ValidationError as error:
        raise UsageError(f"{str(path)!r} is not the data of a report: {error.errors()[0]['msg']}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error}") from None


def _lines(name: str, items: Iterable[Any]) -> str:
    lines = (json.dumps(item, ensure_ascii=False, separators=(",", ":"), allow_nan=False) for item in items)
    return f'"{name}":[\n' + ",\n".join(lines) + "\n]"


Item = TypeVar("Item", bound=Frozen)


@dataclass
class _Numbered(Generic[Item]):
    """A list that holds each item once."""

    items: list[Item] = field(default_factory=list)
    known: dict[str, int] = field(default_factory=dict)

    def number(self, item: Item) -> int:
        """The item's place in the list, to which it is added if it is new."""
        place = self.known.setdefault(item.model_dump_json(), len(self.items))
        if place == len(self.items):
            self.items.append(item)
        return place


def _taken(
    store: Store, table: pd.DataFrame, trainings: Sequence[TrainRecord], main: frozenset[str] | None = None
) -> Snapshot:
    """The headline rows of a table; `main` holds the keys of those in a report's main views, None if all are."""
    settings, encodings, environments = _Numbered[Setting](), _Numbered[EncodingSpec](), _Numbered[Environment]()
    measured = table[table["headline"]]
    kept = _worth_keeping(trainings, set(measured["train_key"]))
    models = [
        Model(
            setting=settings.number(_setting(record.spec)),
            encoding=encodings.number(record.spec.encoding),
            environment=environments.number(record.environment),
            init_seed=record.spec.init_seed,
            data_seed=record.spec.data_seed,
            status=record.status,
            train_seconds=record.train_seconds,
        )
        for record in kept
    ]
    numbers = {record.spec.key: number for number, record in enumerate(kept)}
    adapted = {record.spec.key: record.spec.encoding for record in store.records() if isinstance(record, EvalRecord)}
    rows = []
    for row in measured.to_dict("records"):
        number = numbers[row["train_key"]]
        applied = kept[number].spec.encoding
        if row["encoding"] != row["trained_with"]:  # only the record knows the parameters of an adapted one
            applied = adapted[row["eval_key"]]
        value = row["value"] if math.isfinite(row["value"]) else None
        names = {name: row[name] for name in ROW_COLUMNS}
        in_main = main is None or row["eval_key"] in main
        applied_number = encodings.number(applied)
        rows.append(MeasuredRow(**names, value=value, model=number, applied=applied_number, main=in_main))
    return Snapshot(
        settings=settings.items,
        encodings=encodings.items,
        environments=environments.items,
        models=models,
        rows=rows,
    )


def _worth_keeping(trainings: Sequence[TrainRecord], measured: set[str]) -> list[TrainRecord]:
    """The models that were measured, and the last training of each kind if it failed or diverged."""
    by_age = sorted(trainings, key=lambda record: record.created)
    last = {(record.spec.task.label, *_kind(record.spec)): record.spec.key for record in by_age}
    ended = {record.spec.key for record in trainings if record.status != "ok"} & set(last.values())
    return [record for record in trainings if record.spec.key in measured | ended]


def _kind(spec: TrainSpec) -> tuple[str, str, int]:
    return setting_of(spec), spec.encoding.label, spec.init_seed


def _setting(spec: TrainSpec) -> Setting:
    return Setting(
        protocol=spec.protocol, task=spec.task, model=spec.model, budget=spec.budget, precision=spec.precision
    )
