"""Any spec or record survives the disk, and reading never raises, whatever is on the disk."""

import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.errors import UsageError
from benchmark.results.record import Environment, EvalRecord, TaskFacts, TrainRecord
from benchmark.results.spec import (
    LARGEST,
    BudgetSpec,
    EncodingSpec,
    EvalSpec,
    MechanismSpec,
    ModelSpec,
    ProbeSpec,
    TaskSpec,
    TrainSpec,
)
from benchmark.results.store import Store

quick = settings(max_examples=60, derandomize=True)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=11)
positive = st.integers(1, LARGEST)
counts = st.integers(0, LARGEST)
rates = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
finite = st.floats(allow_nan=False, allow_infinity=False)
parameters = st.dictionaries(texts, st.booleans() | st.integers() | finite | texts, max_size=3)
encodings = st.builds(EncodingSpec, name=texts, parameters=parameters, fingerprint=texts, label=texts)
task_specs = st.builds(
    TaskSpec,
    name=texts,
    parameters=parameters,
    fingerprint=texts,
    label=texts,
    version=positive,
    corpus=st.none() | texts,
    corpus_hash=st.none() | texts,
)
budgets = st.builds(
    BudgetSpec,
    train_length=positive,
    steps=counts,
    batch=positive,
    learning_rate=rates,
    warmup_steps=counts,
    weight_decay=st.floats(min_value=0, allow_infinity=False),
    clip=rates,
)
train_specs = st.builds(
    TrainSpec,
    task=task_specs,
    encoding=encodings,
    model=st.builds(ModelSpec, width=positive, heads=positive, layers=positive),
    budget=budgets,
    init_seed=counts,
    data_seed=counts,
    precision=st.sampled_from(["float32", "bfloat16"]),
)
keys = st.text("0123456789abcdef", min_size=32, max_size=32)
eval_specs = st.builds(EvalSpec, train_key=keys, encoding=encodings, length=positive)
mechanism_specs = st.builds(MechanismSpec, train_key=keys, encoding=encodings, length=positive)
probe_specs = st.builds(ProbeSpec, train_key=keys, encoding=encodings, text=texts, distances=positive)
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
environments = st.builds(
    Environment,
    benchmark=texts,
    python=texts,
    torch=texts,
    platform=texts,
    processor=texts,
    device=texts,
    threads=st.integers(),
)
records = st.builds(
    TrainRecord,
    status=st.sampled_from(["ok", "failed", "diverged"]),
    reason=st.none() | texts,
    created=moments,
    environment=environments,
    spec=train_specs,
    task=st.none()
    | st.builds(
        TaskFacts, title=texts, metric=texts, language=st.booleans(), sweep=st.none() | st.tuples(texts, texts)
    ),
    parameters=counts,
    train_seconds=finite,
    train_steps=st.lists(counts, max_size=3),
    train_losses=st.lists(st.floats(), max_size=3),
) | st.builds(
    EvalRecord,
    status=st.sampled_from(["ok", "failed", "unsupported"]),
    reason=st.none() | texts,
    created=moments,
    environment=environments,
    spec=eval_specs,
    tokens=counts,
    chance=st.dictionaries(texts, finite, max_size=3),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: a NaN equals itself."""
    return bool(one.model_dump_json() == other.model_dump_json())


@quick
@given(st.one_of(train_specs, eval_specs, probe_specs, mechanism_specs))
def test_a_spec_and_its_key_survive_json(spec: TrainSpec | EvalSpec | ProbeSpec | MechanismSpec) -> None:
    again = type(spec).model_validate_json(spec.model_dump_json())
    assert same(again, spec)
    assert again.key == spec.key


@quick
@given(records)
def test_a_record_survives_the_disk(record: TrainRecord | EvalRecord) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.put(record)
        (read,) = store.records()
        assert store.problems == []
        assert same(read, record)


def paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(found for key, value in items for found in paths(value, (*path, key)))]


def replaced(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    copy: Any = data.copy()
    copy[path[0]] = replaced(data[path[0]], path[1:], value)
    return copy


@quick
@given(records, json_values, st.data())
def test_a_record_with_any_value_in_any_place_is_read_or_named(
    record: TrainRecord | EvalRecord, value: Any, data: st.DataObject
) -> None:
    content = record.model_dump(mode="json")
    spoilt = replaced(content, data.draw(st.sampled_from(paths(content))), value)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.put(record)
        store.path(record).write_text(json.dumps(spoilt))
        assert len(list(store.records())) + len(store.problems) == 1


@quick
@given(records, st.binary(max_size=40), st.data())
def test_a_file_with_any_bytes_in_any_place_is_read_or_named(
    record: TrainRecord | EvalRecord, junk: bytes, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.put(record)
        path = store.path(record)
        content = path.read_bytes()
        start, stop = sorted((data.draw(st.integers(0, len(content))), data.draw(st.integers(0, len(content)))))
        path.write_bytes(content[:start] + junk + content[stop:])
        assert len(list(store.records())) + len(store.problems) == 1


@quick
@given(st.binary(max_size=40), st.data())
def test_arrays_with_any_bytes_in_any_place_are_read_or_named(junk: bytes, data: st.DataObject) -> None:
    record = data.draw(
        st.builds(EvalRecord, status=st.just("ok"), created=moments, environment=environments, spec=eval_specs)
    )
    lengths = {"loss_sum": 3, "correct": 3, "count": 3, "row_loss": 2, "row_correct": 2, "row_count": 2}
    content = safetensors.numpy.save({name: np.ones(length) for name, length in lengths.items()})
    start, stop = sorted((data.draw(st.integers(0, len(content))), data.draw(st.integers(0, len(content)))))
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder))
        store.put(record)
        store.path(record).with_suffix(".safetensors").write_bytes(content[:start] + junk + content[stop:])
        assert bool(store.arrays(record)) != bool(store.problems)


@quick
@given(st.text(max_size=40) | st.from_regex(r"(\.\./|/|[0-9a-f]{32})+", fullmatch=True))
def test_no_key_leads_out_of_the_folder(key: str) -> None:
    store = Store(Path("/results"))
    try:
        found = [store.folder(key), store.weights(key), store.checkpoint(key)]
    except UsageError:
        return
    assert all(path.resolve().is_relative_to("/results/cells") for path in found)
    assert len(key) == 32
