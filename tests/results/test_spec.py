"""Keys: equal for equal work, different for any other, and independent of labels for people."""

import re
import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from benchmark.results.spec import PROTOCOL, EvalSpec, Frozen, ProbeSpec, TrainSpec

FOR_PEOPLE = {("task", "label"), ("task", "corpus"), ("encoding", "label")}
FOR_PEOPLE |= {("encoding", "reads_digits"), ("encoding", "reads_marks")}
FIXED = {("kind",)}  # a literal


CHOICES = {  # another value of each field that has only a few, or none yet
    "precision": "bfloat16",
    "mixing": "conv",
    "checkpoint": {"name": "tiny", "content": "0" * 32, "architecture": "gpt2"},
}


def leaves(spec: Frozen, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """The path of every field, of nested specs too."""
    found: list[tuple[str, ...]] = []
    for name in type(spec).model_fields:
        value = getattr(spec, name)
        found += leaves(value, (*path, name)) if isinstance(value, Frozen) else [(*path, name)]
    return found


def another(value: Any, name: str) -> Any:
    """A valid value that differs."""
    if name in CHOICES:
        return CHOICES[name]
    if isinstance(value, dict):
        return {**value, "more": 1}
    return value + "x" if isinstance(value, str) else value + 1


def with_changed(spec: Frozen, path: tuple[str, ...]) -> Frozen:
    data = spec.model_dump()
    part = data
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = another(part[path[-1]], path[-1])
    return type(spec).model_validate(data)


@pytest.fixture(params=["train_spec", "eval_spec", "probe_spec"])
def spec(request: pytest.FixtureRequest) -> TrainSpec | EvalSpec | ProbeSpec:
    found: TrainSpec | EvalSpec | ProbeSpec = request.getfixturevalue(request.param)
    return found


def test_a_key_is_32_hexadecimal_digits(spec: TrainSpec) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", spec.key)


def test_every_field_counts_except_those_for_people(spec: TrainSpec) -> None:
    for path in leaves(spec):
        if path in FIXED:
            continue
        changed = with_changed(spec, path)
        assert changed != spec, path
        assert (changed.key == spec.key) == (path in FOR_PEOPLE), path


def test_many_fields_are_covered(train_spec: TrainSpec) -> None:
    """The test above walks the whole tree, nested specs too."""
    paths = leaves(train_spec)
    assert ("budget", "learning_rate") in paths
    assert ("task", "corpus_hash") in paths
    assert len(paths) > 20


def test_a_parameters_value_and_its_kind_count(train_spec: TrainSpec) -> None:
    def key(**parameters: object) -> str:
        encoding = train_spec.encoding.model_copy(update={"parameters": parameters})
        return train_spec.model_copy(update={"encoding": encoding}).key

    assert len({key(base=1), key(base=2), key(base="1"), key(base=True), key(bass=1), key()}) == 6
    assert key(base=1, other=2) == key(other=2, base=1)


def test_a_copy_has_its_own_key(train_spec: TrainSpec) -> None:
    """The key is cached: a copy must not inherit that of its original."""
    assert train_spec.key
    assert train_spec.model_copy(update={"init_seed": 5}).key != train_spec.key


def test_a_key_survives_a_round_trip_through_json(spec: TrainSpec) -> None:
    again = type(spec).model_validate_json(spec.model_dump_json())
    assert again == spec
    assert again.key == spec.key


def test_a_key_is_the_same_in_another_process(spec: TrainSpec) -> None:
    """Whatever its hash seed."""
    code = f"from benchmark.results.spec import *; print({type(spec).__name__}.model_validate_json(input()).key)"
    told = subprocess.run(
        [sys.executable, "-c", code],
        input=spec.model_dump_json().encode(),
        capture_output=True,
        check=True,
        env={"PYTHONHASHSEED": "17", "PYTHONUTF8": "1"},
    )
    assert told.stdout.decode().strip() == spec.key


def test_a_key_changes_with_the_protocol(train_spec: TrainSpec) -> None:
    assert train_spec.protocol == PROTOCOL
    assert train_spec.model_copy(update={"protocol": PROTOCOL + 1}).key != train_spec.key


@pytest.mark.parametrize(
    "path, value",
    [
        (("unheard",), 1),
        (("budget", "unheard"), 1),
        (("model", "width"), 0),
        (("budget", "steps"), -1),
        (("budget", "learning_rate"), 0.0),
        (("budget", "learning_rate"), float("nan")),
        (("budget", "learning_rate"), float("inf")),
        (("budget", "clip"), 0.0),
        (("budget", "train_length"), 0),
        (("task", "version"), 0),
        (("precision",), "float16"),
        (("kind",), "evaluate"),
    ],
)
def test_nonsensical_values_are_refused(train_spec: TrainSpec, path: tuple[str, ...], value: object) -> None:
    data = train_spec.model_dump()
    part = data
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    with pytest.raises(ValidationError):
        TrainSpec.model_validate(data)


def test_no_steps_is_a_budget(train_spec: TrainSpec) -> None:
    data = train_spec.model_dump()
    data["budget"]["steps"] = 0
    assert TrainSpec.model_validate(data).budget.steps == 0


def test_a_spec_cannot_be_changed(spec: TrainSpec) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        spec.protocol = 7


def test_records_from_before_mixing_keep_their_key() -> None:
    """The spec and the key of a record that protocol 2 wrote."""
    spec = TrainSpec.model_validate(
        {
            "protocol": 2,
            "task": {
                "name": "copy",
                "parameters": {"symbols": 100},
                "fingerprint": "4d2290205a2eeb6f",
                "label": "copy",
                "version": 1,
            },
            "encoding": {"name": "none", "fingerprint": "51aec4d666950106", "label": "none"},
            "model": {"width": 64, "heads": 4, "layers": 2},
            "budget": {"train_length": 16, "steps": 1000, "batch": 32, "learning_rate": 0.003, "warmup_steps": 50},
            "init_seed": 0,
            "data_seed": 0,
        }
    )
    assert spec.key == "1d193a603258c4a9e460ca44e55c669b"


def test_a_changed_copy_has_a_key_of_its_own(train_spec: TrainSpec) -> None:
    """The key is computed once and remembered, but not by copies."""
    fresh = TrainSpec.model_validate(train_spec.model_dump())
    assert (train_spec.key, train_spec.setting) == (fresh.key, fresh.setting)
    budget = train_spec.budget.model_copy(update={"steps": 7})
    changed = train_spec.model_copy(update={"budget": budget})
    again = TrainSpec.model_validate(changed.model_dump())
    assert (changed.key, changed.setting) == (again.key, again.setting)
    assert changed.key != train_spec.key and changed.setting != train_spec.setting
    assert changed == again and train_spec == fresh  # what is remembered is no part of a spec
