"""The store: records come out as they went in; unreadable files are named and skipped; folders merge by copying."""

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from benchmark.errors import UsageError
from benchmark.files import write_atomically
from benchmark.results.record import SCHEMA, EvalRecord, ProbeRecord, RunRecord, TrainRecord
from benchmark.results.spec import EvalSpec, TrainSpec
from benchmark.results.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def filled(store: Store, records: list[Any]) -> Store:
    for record in records:
        store.put(record)
    return store


def outcome(places: int, rows: int = 5) -> dict[str, Any]:
    """The arrays of a measurement."""
    names = ("loss_sum", "correct", "count"), ("row_loss", "row_correct", "row_count")
    lengths = dict.fromkeys(names[0], places) | dict.fromkeys(names[1], rows)
    return {name: np.zeros(length, dtype=float if "loss" in name else np.int32) for name, length in lengths.items()}


def test_each_kind_of_record_comes_out_as_it_went_in(store: Store, each_record: list[Any]) -> None:
    filled(store, each_record)
    assert sorted(store.records(), key=lambda record: record.kind) == sorted(each_record, key=lambda each: each.kind)
    assert store.problems == []


def test_a_record_from_before_tasks_were_described_is_read(store: Store, trained: TrainRecord) -> None:
    store.put(trained)
    path = store.path(trained)
    old = json.loads(path.read_text("utf-8"))
    del old["task"]
    path.write_text(json.dumps(old), "utf-8")
    assert list(store.records()) == [trained] and store.problems == []
    assert trained.task is None


def test_where_files_lie(store: Store, each_record: list[Any]) -> None:
    trained, measured, probed = each_record
    filled(store, each_record)
    folder = f"cells/{trained.spec.key}"
    expected = [f"{folder}/{name}.json" for name in ("train", measured.spec.key, probed.spec.key)]
    assert files(store.root) == sorted(expected)
    assert store.weights(trained.spec.key) == store.root / folder / "weights.safetensors"


def test_a_record_is_found_by_its_keys(store: Store, each_record: list[Any]) -> None:
    trained, measured, probed = each_record
    assert store.train(trained.spec.key) is None
    assert store.measured(measured.spec.key, trained.spec.key) is None
    filled(store, each_record)
    assert store.train(trained.spec.key) == trained
    assert store.measured(measured.spec.key, trained.spec.key) == measured
    assert store.measured(probed.spec.key, trained.spec.key) == probed
    assert store.problems == []


def test_arrays_come_out_bit_for_bit(store: Store, measured: EvalRecord) -> None:
    arrays = {
        **outcome(4),
        "loss_sum": np.array([1 / 3, math.pi, 0.0, 1e-300]),
        "more": np.array([[1, -2], [3, 4]], dtype=np.int32),
        "empty": np.zeros((0, 3), dtype=np.float32),
    }
    store.put(measured, arrays)
    read = store.arrays(measured)
    assert read.keys() == arrays.keys()
    for name, expected in arrays.items():
        assert read[name].dtype == expected.dtype
        assert np.array_equal(read[name], expected)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_diverged_loss_survives(store: Store, trained: TrainRecord, value: float) -> None:
    diverged = trained.model_copy(update={"status": "diverged", "train_losses": [2.5, value]})
    store.put(diverged)
    read = store.train(trained.spec.key)
    assert read is not None, store.problems
    assert read.status == "diverged"
    assert np.array_equal(read.train_losses, [2.5, value], equal_nan=True)


def test_a_newer_record_of_a_cell_replaces_the_old(store: Store, trained: TrainRecord) -> None:
    store.put(trained.model_copy(update={"status": "failed", "reason": "out of memory"}))
    store.put(trained)
    assert list(store.records()) == [trained]


# Unreadable files


def faults(good: dict[str, Any]) -> dict[str, tuple[bytes, str]]:
    text = json.dumps(good)
    return {
        "empty": (b"", "Expecting value"),
        "nested": (b"[" * 100_000, "nested too deeply"),
        "truncated": (text[: len(text) // 2].encode(), ""),
        "no-json": (b"\x00\xff\xfe garbage", "codec can't decode"),
        "a-list": (b"[1, 2]", f"schema version None, but this version reads {SCHEMA}"),
        "foreign": (b'{"name": "from another tool"}', "schema version None"),
        "newer": (json.dumps({**good, "schema_version": SCHEMA + 1}).encode(), f"schema version {SCHEMA + 1}, but"),
        "no-version": (json.dumps({k: v for k, v in good.items() if k != "schema_version"}).encode(), "version None"),
        "other-kind": (json.dumps({**good, "kind": "dream"}).encode(), "dream"),
        "unknown-field": (json.dumps({**good, "mood": 1}).encode(), "Extra inputs are not permitted"),
        "missing-field": (json.dumps({k: v for k, v in good.items() if k != "status"}).encode(), "Field required"),
        "wrong-type": (json.dumps({**good, "parameters": "many"}).encode(), "valid integer"),
        "no-time-zone": (json.dumps({**good, "created": "2026-11-23T12:30:15"}).encode(), "timezone"),
        "past-all-columns": (json.dumps({**good, "parameters": 2**63}).encode(), "less than or equal to"),
        "no-number": (json.dumps({**good, "train_seconds": "NaN"}).encode(), "finite number"),
        "lone-surrogate": (json.dumps({**good, "reason": "\ud800"}).encode(), "surrogates not allowed"),
        "another-cell": (
            json.dumps({**good, "spec": {**good["spec"], "init_seed": 99}}).encode(),
            "its content does not match its name",
        ),
    }


FAULTS = ["empty", "nested", "truncated", "no-json", "a-list", "foreign", "newer", "other-kind", "unknown-field"]
FAULTS += ["missing-field", "wrong-type", "no-time-zone", "past-all-columns", "no-number", "lone-surrogate"]
FAULTS += ["another-cell", "no-version"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_file_is_named_and_skipped_and_the_others_are_read(
    store: Store, each_record: list[Any], fault: str
) -> None:
    trained = each_record[0]
    filled(store, each_record)
    path = store.path(trained)
    content, why = faults(trained.model_dump(mode="json"))[fault]
    path.write_bytes(content)
    assert {record.kind for record in store.records()} == {"evaluate", "probe"}
    assert store.train(trained.spec.key) is None
    (problem,) = store.problems  # once, however often it is read
    assert str(path) in problem
    assert why in problem
    assert "\n" not in problem


def test_every_fault_is_tried(trained: TrainRecord) -> None:
    assert sorted(FAULTS) == sorted(faults(trained.model_dump(mode="json")))


def test_a_folder_with_a_records_name_is_skipped(store: Store, trained: TrainRecord) -> None:
    store.path(trained).mkdir(parents=True)
    assert list(store.records()) == []
    assert "skipped" in store.problems[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_skipped(store: Store, trained: TrainRecord) -> None:
    store.put(trained)
    store.path(trained).chmod(0)
    assert list(store.records()) == []
    assert "Permission denied" in store.problems[0]


def test_other_files_and_folders_do_not_disturb(store: Store, trained: TrainRecord) -> None:
    store.put(trained)
    (store.root / "notes.txt").write_text("mine")
    (store.root / "cells" / "README.md").write_text("what this is")
    foreign = store.root / "cells" / "not-a-key"
    foreign.mkdir()
    (foreign / "train.json").write_text(trained.model_dump_json())
    assert list(store.records()) == [trained]
    assert len(store.problems) == 1
    assert "not-a-key" in store.problems[0]


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x10\x00\x00\x00\x00\x00\x00\x00not json at all!", None])
def test_arrays_that_cannot_be_read_are_named(store: Store, measured: EvalRecord, content: bytes | None) -> None:
    store.put(measured)
    path = store.path(measured).with_suffix(".safetensors")
    if content is not None:
        path.write_bytes(content)
    assert store.arrays(measured) == {}
    assert str(path) in store.problems[0]


def test_arrays_of_another_record_are_named(store: Store, measured: EvalRecord) -> None:
    made = outcome(4)
    store.put(measured, made)
    (record,) = store.records()
    assert len(store.arrays(record)) == len(made)
    path = store.path(record).with_suffix(".safetensors")
    path.write_bytes(safetensors.numpy.save({**made, "row_loss": made["row_loss"] + 1}))
    assert store.arrays(record) == {}
    assert store.problems == [f"{path}: skipped: its content is not what its record was made with"]
    # A record of an earlier version has no hash.
    assert len(store.arrays(record.model_copy(update={"arrays_hash": None}))) == len(made)


def test_truncated_arrays_are_named(store: Store, measured: EvalRecord) -> None:
    store.put(measured, outcome(100))
    path = store.path(measured).with_suffix(".safetensors")
    path.write_bytes(path.read_bytes()[:-1])
    assert store.arrays(measured) == {}
    assert str(path) in store.problems[0]


def spoilt(**changed: Any) -> dict[str, Any]:
    return {name: value for name, value in {**outcome(7), **changed}.items() if value is not None}


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        (spoilt(count=None), "it has no array 'count'"),
        (spoilt(count=np.zeros(3)), "differ in length"),
        (spoilt(row_count=np.zeros(3)), "differ in length"),
        (spoilt(correct=np.zeros((7, 7))), "shape (7, 7)"),
        (spoilt(correct=np.zeros(7, dtype=bool)), "has dtype bool"),
    ],
)
def test_arrays_of_another_kind_are_named(store: Store, measured: EvalRecord, arrays: dict[str, Any], why: str) -> None:
    store.put(measured, arrays)
    assert store.arrays(measured) == {}
    assert why in store.problems[0]


def test_a_probe_has_a_weight_for_every_pair_of_its_words(store: Store, probed: ProbeRecord) -> None:
    words = len(probed.words)
    fitting = {"attention": np.zeros((2, 3, words, words)), "structure": np.zeros((2, 3, 5))}
    store.put(probed, fitting)
    assert store.arrays(probed).keys() == fitting.keys()
    store.put(probed, {**fitting, "attention": np.zeros((2, 3, 5, 5))})
    assert store.arrays(probed) == {}
    assert "its attention covers 5 words, not 2" in store.problems[0]


def test_arrays_of_a_dtype_unknown_to_numpy_are_named(store: Store, measured: EvalRecord) -> None:
    header = b'{"count":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    store.put(measured)
    content = len(header).to_bytes(8, "little") + header + b"\0\0"
    store.path(measured).with_suffix(".safetensors").write_bytes(content)
    assert store.arrays(measured) == {}
    assert "BF16" in store.problems[0]


def test_a_missing_folder_is_an_empty_store(tmp_path: Path) -> None:
    store = Store(tmp_path / "nowhere")
    assert list(store.records()) == []
    assert store.runs() == []
    assert not store.root.exists()


# Keys


@pytest.mark.parametrize(
    "key",
    ["", "..", "../" * 10 + "x" * 2, "/etc/passwd", "A" * 32, "g" * 32, "a" * 31, "a" * 33, "a" * 31 + "/", "a\n" * 16],
)
def test_an_invalid_key_leads_nowhere(store: Store, key: str) -> None:
    for lead in (store.folder, store.weights, store.train):
        with pytest.raises(UsageError, match=r"is not a valid key \(expected 32 hex digits\)"):
            lead(key)


def test_a_record_with_a_train_key_that_leads_out_is_skipped_when_read(
    store: Store, measured: EvalRecord, trained: TrainRecord
) -> None:
    store.put(trained)
    data = measured.model_dump(mode="json")
    data["spec"]["train_key"] = "../../../etc"
    path = store.folder(trained.spec.key) / f"{measured.spec.key}.json"
    path.write_text(json.dumps(data))
    assert list(store.records()) == [trained]
    assert "is not a valid key" in store.problems[0]


@pytest.mark.parametrize("key", ["../" * 10 + "x" * 2, "../train", "", "a" * 31])
def test_a_spec_key_that_leads_out_is_refused(store: Store, train_spec: TrainSpec, key: str) -> None:
    with pytest.raises(UsageError, match="is not a valid key"):
        store.measured(key, train_spec.key)


# Complete or absent


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_write_that_dies_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    path = tmp_path / "some" / "file.json"
    write_atomically(path, b"old")

    def die(*args: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os if moment == "fsync" else Path, moment, die)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert files(tmp_path) == ["some/file.json"]


def test_a_write_replaces_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"a long old content")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert files(tmp_path) == ["file"]


def test_arrays_are_there_before_the_record_that_vouches_for_them(
    store: Store, measured: EvalRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmark.results import store as module

    written: list[str] = []
    monkeypatch.setattr(module, "write_atomically", lambda path, content: written.append(path.suffix))
    store.put(measured, {"loss_sum": np.zeros(3)})
    assert written == [".safetensors", ".json"]


def test_leftovers_of_a_killed_writer_are_not_records(store: Store, trained: TrainRecord) -> None:
    store.put(trained)
    (store.folder(trained.spec.key) / ".k1ll3d.tmp").write_bytes(b'{"half')
    assert list(store.records()) == [trained]
    assert store.problems == []


# Several machines


def test_folders_merge_by_copying(
    tmp_path: Path, trained: TrainRecord, measured: EvalRecord, eval_spec: EvalSpec
) -> None:
    here, there = Store(tmp_path / "here"), Store(tmp_path / "there")
    other_spec = trained.spec.model_copy(update={"init_seed": 9})
    other = trained.model_copy(update={"spec": other_spec})
    longer = measured.model_copy(update={"spec": eval_spec.model_copy(update={"length": 128})})
    filled(here, [trained, measured])
    filled(there, [trained, other, longer])
    there.put(longer, {**outcome(3), "loss_sum": np.arange(3.0)})
    shutil.copytree(there.root, here.root, dirs_exist_ok=True)
    found = [
        each.model_copy(update={"arrays_hash": None}) if isinstance(each, EvalRecord) else each
        for each in here.records()
    ]
    assert len(found) == 4
    assert all(each in found for each in (trained, measured, other, longer))
    assert here.arrays(longer)["loss_sum"].tolist() == [0, 1, 2]
    assert here.problems == []


def test_records_come_in_a_stable_order(tmp_path: Path, each_record: list[Any]) -> None:
    forward = list(filled(Store(tmp_path / "a"), each_record).records())
    backward = list(filled(Store(tmp_path / "b"), each_record[::-1]).records())
    assert forward == backward


def test_a_store_may_be_limited_to_some_records(store: Store, each_record: list[Any]) -> None:
    trained, measured, *_ = each_record
    other = trained.model_copy(update={"spec": trained.spec.model_copy(update={"init_seed": 9})})
    filled(store, [*each_record, other])
    assert list(Store(store.root, only=frozenset({other.spec.key})).records()) == [other]
    limited = Store(store.root, only=frozenset({trained.spec.key, measured.spec.key}))
    assert {record.spec.key for record in limited.records()} == {trained.spec.key, measured.spec.key}


def test_a_held_store_keeps_what_was_there(store: Store, each_record: list[Any]) -> None:
    first, *others = each_record
    kept = filled(store, [first]).held()
    filled(store, others)
    faulty = store.root / "cells" / "faulty" / "train.json"
    write_atomically(faulty, b"{")
    assert list(kept.records()) == list(kept.records()) == [first]
    assert len(list(store.records())) == len(each_record)
    assert kept.problems == store.problems and len(store.problems) == 1


def test_runs_are_read_oldest_first_and_faulty_ones_named(store: Store, trained: TrainRecord) -> None:
    folder = store.root / "runs"
    notes = [
        RunRecord(created=trained.created, command=f"run {n}", wall_seconds=n, cells=n, train_keys=[trained.spec.key])
        for n in range(3)
    ]
    for note in notes[::-1]:
        write_atomically(folder / f"2026-11-23T12-30-0{note.cells}.json", note.model_dump_json().encode())
    (folder / "broken.json").write_text("{")
    assert store.runs() == notes
    assert len(store.problems) == 1
    assert "broken.json" in store.problems[0]


def test_a_run_of_a_newer_schema_is_named(store: Store, trained: TrainRecord) -> None:
    note = RunRecord(created=trained.created, command="run", wall_seconds=1, cells=1, train_keys=[])
    newer = note.model_copy(update={"schema_version": SCHEMA + 1})
    write_atomically(store.root / "runs" / "newer.json", newer.model_dump_json().encode())
    assert store.runs() == []
    assert f"schema version {SCHEMA + 1}" in store.problems[0]


def test_probe_and_evaluation_of_one_model_do_not_collide(measured: EvalRecord, probed: ProbeRecord) -> None:
    assert measured.spec.train_key == probed.spec.train_key
    assert measured.spec.key != probed.spec.key
