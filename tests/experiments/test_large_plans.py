"""Plans of many cells: sources, records and models are read and made as often as needed, not once for every cell."""

import gc
import os
import time
from collections import Counter
from pathlib import Path

import pytest

from benchmark.catalogue import registry
from benchmark.experiments import precheck
from benchmark.experiments.estimate import estimate
from benchmark.experiments.outstanding import outstanding
from benchmark.experiments.plan import Plan
from benchmark.experiments.runs import went_wrong
from benchmark.experiments.speed import Speeds
from benchmark.garbage import uncollected
from benchmark.results import files as module
from benchmark.results.outcomes import SETTLED_NS
from benchmark.results.spec import key_of
from benchmark.results.store import Store
from benchmark.timing.records import ENCODINGS, SEEDS, TASKS, plan_of, plant, spent

NAMES = ("rope", "alibi", "yarn")


def small(seeds: int, encodings: tuple[str, ...] = NAMES) -> Plan:
    return plan_of(seeds, encodings=encodings, tasks=("copy", "offset-recall"), preset="smoke")


def test_more_seeds_read_no_source_again(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: Counter[str] = Counter()
    read_entry = registry.read_entry

    def counted(kind, path, *rest):
        reads[path.name] += 1
        return read_entry(kind, path, *rest)

    monkeypatch.setattr(registry, "read_entry", counted)
    few = small(1)
    once = Counter(reads)
    reads.clear()
    many = small(7)
    assert len(many.cells) == 7 * len(few.cells) and reads == once


def test_the_keys_of_a_plan_are_those_of_its_specs() -> None:
    for cell in small(2).cells:
        assert cell.train.key == key_of(cell.train)
        for measure in cell.measures:
            for spec in measure.evaluations:
                assert spec.train_key == cell.train.key and spec.key == key_of(spec)


def test_a_finished_run_reads_each_file_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = small(3)
    plant(tmp_path, plan.cells)
    past = time.time_ns() - 2 * SETTLED_NS
    for folder in (tmp_path / "cells").iterdir():
        os.utime(folder, ns=(past, past))
    reads: Counter[str] = Counter()
    content_of = module.content_of

    def counted(path: str) -> bytes:
        reads[path] += 1
        return content_of(path)

    monkeypatch.setattr(module, "content_of", counted)
    store = Store(tmp_path)
    assert outstanding(plan, store) == outstanding(plan, store) == [] and went_wrong(plan, store) == []
    measurements = sum(len(measure.evaluations) for cell in plan.cells for measure in cell.measures)
    assert measurements == len(plan.cells) * 3 * 1.5  # three lengths; rope's models are measured with yarn too
    assert len(reads) == len(plan.cells) + 2 * measurements  # a record and its arrays
    assert set(reads.values()) == {1}


def test_an_estimate_makes_each_encoding_once_for_a_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: Counter[str] = Counter()
    build = precheck.build_encodings

    def counted(spec, task, choice):
        made[choice.label] += 1
        return build(spec, task, choice)

    monkeypatch.setattr(precheck, "build_encodings", counted)
    cells = small(5).cells
    found = estimate(cells, Speeds.of(Store(tmp_path), "cpu"))
    assert found.keys() == {cell.train.key for cell in cells}
    assert made == dict.fromkeys(NAMES, 2)  # copy and offset-recall have rows of different lengths


def test_planted_records_are_those_of_their_plan(tmp_path: Path) -> None:
    plan = small(2)
    plant(tmp_path, plan.cells)
    store = Store(tmp_path)
    records = list(store.records())
    assert {record.spec.key for record in records} == plan.keys
    assert all(store.arrays(record) for record in records if record.kind == "evaluate")
    assert store.problems == []


def test_the_timed_plans_have_a_thousand_to_ten_thousand_cells() -> None:
    assert [len(ENCODINGS) * len(TASKS) * seeds for seeds in SEEDS] == [1000, 3000, 10000]
    assert len(plan_of(1).cells) == len(ENCODINGS) * len(TASKS)


def test_a_command_is_timed_as_a_process_and_its_failure_named(tmp_path: Path) -> None:
    taken = spent(["status", "--results", str(tmp_path)])
    assert 0.01 < taken.seconds < 60 and 2**23 < taken.peak_bytes < 2**33
    with pytest.raises(ChildProcessError, match=r"list failed \(exit code 2\)"):
        spent(["list", "nothing"])


def test_the_collector_is_on_again_whatever_happens() -> None:
    with pytest.raises(KeyError), uncollected():
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled()
