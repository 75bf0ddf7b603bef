"""What two snapshots have in common, and why the rest cannot be compared.

A curve (an encoding on a task) is compared if everything that decides an outcome is the same on both sides: model,
budget, precision, protocol, the task with its data and source, every parameter of the encoding, and the metric. Only
the *source* of the encoding may differ, since the effect of changed code is what one wants to know. It is named.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, NamedTuple

from benchmark.reports.compare.snapshot import MeasuredRow, Model, Snapshot
from benchmark.reports.phrases import qualified
from benchmark.reports.words import later, listed, said, t
from benchmark.results.record import Environment

SIDES = ("FIRST", "SECOND")
FIELD_NAMES = {
    "task.fingerprint": "source of the task",
    "task.version": "version of the task",
    "task.corpus_hash": "text",
    "budget.train_length": "L",
}
HASH_DIGITS = 8
FOR_PEOPLE = ("label", "corpus")  # parts of a task that decide nothing

Spec = tuple[tuple[str, str], ...]  # field and value of all that decides an outcome, except seeds and sources
Seed = tuple[int, int]  # of initialisation, of data


class Curve(NamedTuple):
    """One encoding on one task, followed over lengths."""

    task: str
    trained_with: str
    encoding: str

    @property
    def name(self) -> str:
        """Its encoding, for people."""
        return qualified(self.trained_with, self.encoding, "")


Place = tuple[Curve, Spec]


@dataclass(frozen=True, kw_only=True)
class SeedValue:
    """The result of one model at one length; without a value if it failed or diverged."""

    value: float | None
    status: str
    environment: Environment


LENGTHS_ONLY = later("only {side} has the length {extra}"), later("only {side} has the lengths {extra}")
SEEDS_ONLY = later("only {side} has the seed {extra}"), later("only {side} has the seeds {extra}")


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Encodings that could not be compared, and why; `task` is "" if that holds for every task."""

    why: str
    task: str
    encodings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Side:
    """A snapshot, with its rows and models by what they are about."""

    outcomes: Mapping[Place, Mapping[int, Mapping[Seed, SeedValue]]]  # by length and seed
    ended: Mapping[Place, Mapping[Seed, SeedValue]]  # models that were never measured
    models: Mapping[tuple[str, str, Spec], Mapping[Seed, tuple[Model, Environment]]]  # by task, encoding
    rows: Mapping[Place, MeasuredRow]  # any one row of each
    sources: Mapping[Place, Mapping[str, str]]  # hashes of the code, by encoding

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Side":
        """Sort a snapshot's rows and models."""
        outcomes: dict[Place, Any] = defaultdict(lambda: defaultdict(dict))
        rows, sources = {}, {}
        for row in snapshot.rows:
            model = snapshot.models[row.model]
            place = Curve(row.task, row.trained_with, row.encoding), _spec(snapshot, model, row)
            outcome = SeedValue(
                value=row.value, status=row.status, environment=snapshot.environments[model.environment]
            )
            outcomes[place][row.length][model.init_seed, model.data_seed] = outcome
            rows[place], sources[place] = row, _sources(snapshot, model, row)
        models = _models(snapshot)
        return cls(
            outcomes=outcomes, ended={place: _ended(models, place) for place in rows}, models=models, rows=rows,
            sources=sources,
        )  # fmt: skip

    def at(self, place: Place, length: int) -> dict[Seed, SeedValue]:
        """The outcome of each seed at a length."""
        return {**self.ended[place], **self.outcomes[place].get(length, {})}

    def seeds(self, place: Place) -> set[Seed]:
        """Every seed with a record."""
        return {*self.ended[place], *(seed for own in self.outcomes[place].values() for seed in own)}

    def specs(self, curve: Curve) -> list[Spec]:
        """The descriptions under which a curve was measured."""
        return [spec for own, spec in self.rows if own == curve]


def shared(first: Side, second: Side) -> list[Place]:
    """The places that both sides have, sorted."""
    return sorted(first.rows.keys() & second.rows.keys())


def obstacles(first: Side, second: Side) -> list[Obstacle]:
    """What only one side has, or has under other conditions; encodings with the same reason together."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for curve in sorted({curve for curve, _ in (*first.rows, *second.rows)}):
        for why in (*_other_specs(curve, first, second), *_one_sided(curve, first, second)):
            if curve.name not in found[why, curve.task]:
                found[why, curve.task].append(curve.name)
    return [Obstacle(why=why, task=task, encodings=tuple(names)) for (why, task), names in found.items()]


def changed_sources(first: Side, second: Side) -> list[str]:
    """The compared encodings whose code differs, with both hashes."""
    pairs = {
        (label, own, second.sources[place].get(label, "none"))
        for place in shared(first, second)
        for label, own in first.sources[place].items()
    }
    return [
        t("{name} ({own} and {other})", name=label, own=own, other=other)
        for label, own, other in sorted(pairs)
        if own != other
    ]


def differing(first: Mapping[str, object], second: Mapping[str, object]) -> str:
    """The fields in which two descriptions differ, with both values: "steps 600 and 1200"."""
    names = [name for name in sorted(first.keys() | second.keys()) if first.get(name) != second.get(name)]
    return listed(
        t("{field} {own} and {other}", field=_field(name), own=first.get(name, "none"), other=second.get(name, "none"))
        for name in names
    )


def _other_specs(curve: Curve, first: Side, second: Side) -> Iterator[str]:
    """For each spec without a twin on the other side, the nearest one there and how it differs."""
    own, other = first.specs(curve), second.specs(curve)
    lacking, offered = [spec for spec in own if spec not in other], [spec for spec in other if spec not in own]
    used = set()
    for spec in lacking:
        if offered:
            nearest = min(offered, key=lambda there: len(set(there) ^ set(spec)))
            used.add(nearest)
            yield differing(dict(spec), dict(nearest))
        else:
            yield _only(SIDES[0], spec, alone=not other)
    for spec in offered:
        if spec not in used:
            yield _only(SIDES[1], spec, alone=not own)


def _only(side: str, spec: Spec, *, alone: bool) -> str:
    if alone:
        return t("only in {side}", side=side)
    return t("only in {side} with L = {length}", side=side, length=dict(spec)["budget.train_length"])


def _one_sided(curve: Curve, first: Side, second: Side) -> Iterator[str]:
    """Lengths and seeds that only one side has of a shared place, or that no seed is common."""
    for place in shared(first, second):
        if place[0] == curve:
            lengths = [set(side.outcomes[place]) for side in (first, second)]
            yield from _only_one(LENGTHS_ONLY, *lengths)
            own, other = first.seeds(place), second.seeds(place)
            if not own & other:
                yield t("no common seeds")
                continue
            yield from _only_one(SEEDS_ONLY, *({seed for seed, _ in seeds} for seeds in (own, other)))
            apart = [
                each
                for each in lengths[0] & lengths[1]
                if not first.at(place, each).keys() & second.at(place, each).keys()
            ]
            if apart:
                yield t("no common seeds at length {lengths}", lengths=listed(sorted(apart)))


def _only_one(messages: tuple[str, str], first: Set[int], second: Set[int]) -> Iterator[str]:
    for side, extra in zip(SIDES, (first - second, second - first), strict=True):
        if extra:
            yield said(messages[len(extra) > 1]).format(side=side, extra=listed(sorted(extra)))


def _models(snapshot: Snapshot) -> dict[tuple[str, str, Spec], dict[Seed, tuple[Model, Environment]]]:
    found: dict[tuple[str, str, Spec], dict[Seed, tuple[Model, Environment]]] = defaultdict(dict)
    for model in snapshot.models:
        task, label = snapshot.settings[model.setting].task.label, snapshot.encodings[model.encoding].label
        key = task, label, _trained_spec(snapshot, model)
        found[key][model.init_seed, model.data_seed] = model, snapshot.environments[model.environment]
    return found


def _ended(
    models: Mapping[tuple[str, str, Spec], Mapping[Seed, tuple[Model, Environment]]], place: Place
) -> dict[Seed, SeedValue]:
    curve, spec = place
    trained = tuple(part for part in spec if not part[0].startswith(("applied.", "metric")))
    return {
        seed: SeedValue(value=None, status=model.status, environment=environment)
        for seed, (model, environment) in models.get((curve.task, curve.trained_with, trained), {}).items()
        if model.status != "ok"
    }


def _spec(snapshot: Snapshot, model: Model, row: MeasuredRow) -> Spec:
    applied = snapshot.encodings[row.applied]
    return (
        *_trained_spec(snapshot, model),
        *_flat("applied", applied.parameters if row.applied != model.encoding else {}),
        ("metric", row.metric),
    )


def _trained_spec(snapshot: Snapshot, model: Model) -> Spec:
    setting = snapshot.settings[model.setting].model_dump(mode="json")
    for name in FOR_PEOPLE:
        setting["task"].pop(name)
    return (*_flat("", setting), *_flat("encoding", snapshot.encodings[model.encoding].parameters))


def _flat(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in sorted(values.items()):
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(value, dict):
            yield from _flat(path, value)
        else:
            text = str(value)
            yield path, text[:HASH_DIGITS] if name in ("fingerprint", "corpus_hash") else text


def _sources(snapshot: Snapshot, model: Model, row: MeasuredRow) -> dict[str, str]:
    """The code hashes of the trained and the applied encoding."""
    used = (snapshot.encodings[number] for number in (model.encoding, row.applied))
    return {encoding.label: encoding.fingerprint[:HASH_DIGITS] for encoding in used}


def _field(name: str) -> str:
    return FIELD_NAMES.get(name, name.rpartition(".")[2].replace("_", " "))


def named(encodings: Iterable[str], most: int) -> str:
    """At most `most` names, and how many more there are."""
    names = list(encodings)
    if len(names) <= most:
        return listed(names)
    return t("{names} and {n} more", names=listed(names[:most]), n=len(names) - most)
