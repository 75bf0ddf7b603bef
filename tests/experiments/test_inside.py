"""Looks inside are asked for, taken from models that are there, and recorded with a reason where there is nothing."""

from pathlib import Path

import pytest

from benchmark.errors import UsageError
from benchmark.experiments.cell import run_cell
from benchmark.experiments.changes import Changes
from benchmark.experiments.outstanding import outstanding
from benchmark.experiments.plan import Plan, make_plan
from benchmark.experiments.request import Request
from benchmark.experiments.runs import command, request_of
from benchmark.results.record import MechanismRecord
from benchmark.results.store import Store

TINY = Changes.read({"steps": "2", "width": "16", "heads": "2", "train_length": "8"})


def plan_of(encodings: str, *, mechanism: bool) -> Plan:
    asked = Request(
        encodings=encodings,
        tasks="copy",
        preset="smoke",
        seeds=(0,),
        multiples=(1, 2),
        mechanism=mechanism,
        changes=TINY,
    )
    return make_plan(asked)


def nothing(*_: object, **__: object) -> None:
    """Ignore an event."""


def test_a_look_is_planned_for_each_evaluation_and_changes_no_other_key() -> None:
    without, looking = (plan_of("rope,yarn", mechanism=mechanism) for mechanism in (False, True))
    looks = [spec for cell in looking.cells for measure in cell.measures for spec in measure.probes]
    assert looking.keys - without.keys == {spec.key for spec in looks} and without.keys < looking.keys
    assert sorted((spec.encoding.name, spec.length) for spec in looks) == [
        (name, length) for name in ("rope", "yarn") for length in (8, 16)
    ]


def test_looks_are_taken_from_models_that_are_there_and_only_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    without, looking = (plan_of("rope,yarn,learned", mechanism=mechanism) for mechanism in (False, True))
    for cell in without.cells:
        run_cell(cell, store, "cpu", nothing)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    for cell in outstanding(looking, store):
        run_cell(cell, store, "cpu", nothing)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    looks = {
        (record.spec.encoding.name, record.spec.length): record
        for record in store.records()
        if isinstance(record, MechanismRecord)
    }
    assert {key: record.status for key, record in looks.items()} == {
        ("learned", 8): "ok",
        ("learned", 16): "unsupported",
        ("rope", 8): "ok",
        ("rope", 16): "ok",
        ("yarn", 8): "ok",
        ("yarn", 16): "ok",
    }
    assert "is defined up to" in str(looks["learned", 16].reason)
    assert store.arrays(looks["rope", 8])["probe_error"].shape == (3,)  # two layers
    assert not outstanding(looking, store) and not store.problems


def test_the_command_of_a_run_says_that_it_looks_inside() -> None:
    request = Request(encodings="rope,none", tasks="copy", mechanism=True)
    assert command(request).endswith(" --mechanism")
    assert request_of(command(request)) == request
    assert not request_of(command(request.model_copy(update={"mechanism": False}))).mechanism


def test_a_checkpoint_is_not_looked_into() -> None:
    given = dict.fromkeys(("encodings", "tasks", "seeds", "lengths", "corpus", "text_encoding", "tune"))
    with pytest.raises(UsageError, match="--mechanism looks inside models that are trained here"):
        Request.read(**given, preset="quick", precision="float32", changes={}, checkpoint="some/folder", mechanism=True)
