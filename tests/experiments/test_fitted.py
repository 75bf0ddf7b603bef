"""Encodings that fit themselves to a trained model: what lies with the records, and that nothing is searched twice."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from benchmark import run
from benchmark.experiments import fitted
from benchmark.experiments.cell import run_cell
from benchmark.experiments.outstanding import outstanding
from benchmark.experiments.plan import make_plan
from benchmark.experiments.request import Request
from benchmark.results.record import EvalRecord, ProbeRecord
from benchmark.results.store import Store
from benchmark.training import search as searching

ENCODINGS = "rope,longrope:effort=0.05,head-scale:steps=2:base=rope"


@pytest.fixture(autouse=True)
def few_tokens(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("slow") is None:  # worker processes have all
        monkeypatch.setattr(searching, "TOKENS", 500)


@contextmanager
def searches() -> Iterator[mock.Mock]:
    with mock.patch.object(fitted, "search", wraps=searching.search) as spy:
        yield spy


def work(
    folder: Path, multiples: tuple[int, ...], *, task: str = "copy", force: bool = False, retry: bool = False
) -> Store:
    """Do what is outstanding of a small plan, in this process."""
    store = Store(folder)
    plan = make_plan(Request(encodings=ENCODINGS, preset="smoke", tasks=task, seeds=(0,), multiples=multiples))
    for cell in outstanding(plan, store, force=force, retry_failed=retry):
        since = datetime.now(UTC) if retry else None
        run_cell(cell, store, "cpu", lambda *_, **__: None, force=force, retry_since=since)
    assert store.problems == []
    return store


def fits(store: Store) -> dict[str, list[tuple[int, list[float]]]]:
    """What was found, with the evaluations it took, by encoding and in order of length."""
    records = [record for record in store.records() if isinstance(record, EvalRecord) and record.search is not None]
    found: dict[str, list[tuple[int, list[float]]]] = {}
    for record in sorted(records, key=lambda record: record.spec.length):
        values = store.arrays(record)["found"].ravel().tolist()
        found.setdefault(record.spec.encoding.name, []).append((record.search.evaluations, values))
    return found


def test_one_search_serves_every_length_and_lies_with_every_record(tmp_path: Path) -> None:
    with searches() as asked:
        store = work(tmp_path, (1, 2))
        assert asked.call_count == 2
        first = fits(store)
        for name, evaluations, values in (("longrope", 7, 4), ("head-scale", 2, 8)):
            assert len(first[name]) == 2 and first[name][0] == first[name][1]
            assert first[name][0][0] == evaluations and len(first[name][0][1]) == values
        wider = fits(work(tmp_path, (1, 2, 4)))
        assert asked.call_count == 2  # read from the records
    assert {name: each[:2] for name, each in wider.items()} == first
    assert all(each[2] == each[0] for each in wider.values())


def test_what_is_measured_later_equals_what_is_measured_at_once(tmp_path: Path) -> None:
    together, apart = work(tmp_path / "one", (1, 4)), tmp_path / "two"
    work(apart, (1,))
    for record in work(apart, (1, 4)).records():
        if isinstance(record, EvalRecord):
            one, two = (each.arrays(record) for each in (together, Store(apart)))
            assert one.keys() == two.keys()
            assert all(np.array_equal(one[name], two[name]) for name in one)


def test_values_that_cannot_be_read_are_searched_again_and_come_out_the_same(tmp_path: Path) -> None:
    store = work(tmp_path, (1, 2))
    before = fits(store)
    for record in store.records():
        if isinstance(record, EvalRecord) and record.search is not None:
            store.path(record).with_suffix(".safetensors").write_bytes(b"damaged")
    with searches() as asked:
        plan = make_plan(Request(encodings=ENCODINGS, preset="smoke", tasks="copy", seeds=(0,), multiples=(1, 2)))
        (cell,) = outstanding(plan, Store(tmp_path))
        run_cell(cell, Store(tmp_path), "cpu", lambda *_, **__: None)
        assert asked.call_count == 2
    assert fits(Store(tmp_path)) == before


def test_by_force_it_is_searched_again(tmp_path: Path) -> None:
    before = fits(work(tmp_path, (1,)))
    with searches() as asked:
        assert fits(work(tmp_path, (1,), force=True)) == before
        assert asked.call_count == 2


def test_a_look_inside_has_the_values_too(tmp_path: Path) -> None:
    store = work(tmp_path, (1,), task="corpus")
    probes = {record.spec.encoding.name: record for record in store.records() if isinstance(record, ProbeRecord)}
    fitted_one, plain = (store.arrays(probes[name])["structure"] for name in ("head-scale", "rope"))
    scales = np.array(fits(store)["head-scale"][0][1]).reshape(2, 4, 1)
    np.testing.assert_allclose(fitted_one, plain * scales, atol=1e-5)
    for path in (store.path(probes["head-scale"]), store.path(probes["head-scale"]).with_suffix(".safetensors")):
        path.unlink()
    with searches() as asked:
        again = work(tmp_path, (1,), task="corpus")
        assert asked.call_count == 0
    np.testing.assert_array_equal(again.arrays(probes["head-scale"])["structure"], fitted_one)


def test_a_search_that_fails_fails_its_measurements_and_no_others(tmp_path: Path) -> None:
    with mock.patch.object(fitted, "search", side_effect=RuntimeError("no rows")):
        store = work(tmp_path, (1, 2))
    outcomes = {
        (record.spec.encoding.name, record.status, record.reason)
        for record in store.records()
        if isinstance(record, EvalRecord)
    }
    failed = ("failed", "RuntimeError: no rows")
    assert outcomes == {("rope", "ok", None), ("longrope", *failed), ("head-scale", *failed)}
    assert fits(work(tmp_path, (1, 2), retry=True)).keys() == {"longrope", "head-scale"}


@pytest.mark.slow
def test_workers_find_what_one_process_finds(tmp_path: Path) -> None:
    here = work(tmp_path / "here", (1, 2))
    settings = {"preset": "smoke", "tasks": "copy", "lengths": (1, 2), "seeds": 1, "workers": 2}
    there = run(ENCODINGS, **settings, results=tmp_path / "there")
    assert there.failures == []
    assert fits(Store(tmp_path / "there")) == fits(here)
