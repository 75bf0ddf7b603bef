"""Claims about trained models, on planted records of just the runs that they ask for."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmark.claims.claim import Trained
from benchmark.claims.evidence import conditions
from benchmark.claims.families import absence, content, stretching, training, variants
from benchmark.claims.judging import Judgement, judge
from benchmark.claims.registry import claims_of, registered
from benchmark.experiments.plan import Cell, Measure, make_plan
from benchmark.metrics import METRICS
from benchmark.results.environment import environment
from benchmark.results.record import Arrays, MechanismRecord, TrainRecord
from benchmark.results.spec import EvalSpec, MechanismSpec
from benchmark.results.store import Store

SEEDS = tuple(range(8))  # as many as refute one of four criteria
OWN = {claim.id for family in (absence, content, stretching, training, variants) for claim in claims_of(family)}
TRAINED_HERE = [
    id
    for id, claim in registered().items()
    if isinstance(claim.evidence, Trained) and not claim.evidence.pretrained  # those need a file that is not here
]
ROWS = 100
LOSS, ACCURACY, PROBE, ENTROPY = 5.0, 0.5, 0.7, 2.0  # of everything that is not planted
START = datetime(2026, 5, 4, tzinfo=UTC)
RANGES = ((0, 31), (32, 63))  # of queries
SMALL_TEXT = "corpus:vocabulary=1024"

# By "task encoding multiple": a loss in nats, or an accuracy of rows and far answers; by "probe", an error as a share
# of chance; by "entropy", nats. Of each claim, what reproduces it, what refutes it, and what leaves it open.
PLANTED: dict[str, tuple[dict[str, float], dict[str, float], dict[str, float]]] = {
    "T6": ({"corpus ntk 2": 4.9, "corpus yarn 2": 4.9}, {"corpus ntk 2": 5.1}, {"corpus ntk 2": 4.9}),
    "T7": ({"recall-mqar yarn 4": 0.1}, {"corpus yarn 4": 4.8}, {"recall-mqar yarn 4": 0.3}),
    "T8": ({"corpus rope 8": 5.1}, {"corpus rope:base=10 8": 5.1}, {"corpus rope:base=10 8": 4.9}),
    "T9": ({"recall-mqar rope:base=10 4": 0.2}, {"corpus rope:base=10 4": 6.0}, {"recall-mqar rope:base=10 4": 0.7}),
    "T10": ({"corpus rope:base=78 1": 5.1}, {"corpus p-rope:base=78 1": 5.1}, {}),
    "T11": ({"corpus rope:base=78 4": 5.1}, {"corpus p-rope:base=78 4": 5.1}, {}),
    "T12": ({"corpus rope 4": 5.1}, {"corpus hope 4": 5.1}, {}),
    "T13": ({"corpus rope 4": 5.1, "recall-mqar rope 4": 0.3}, {"recall-mqar fope 4": 0.3}, {"corpus rope 4": 5.1}),
    "T16": ({"probe none 1": 0.3}, {"probe none 1": 0.95}, {}),
    "T16-COPY": ({"probe none 1": 0.3}, {"probe none 1": 0.95}, {}),
    "T18": (
        {"corpus none 4": 5.5, "corpus head-scale 4": 5.1, "entropy none 4": 3.0},
        {"corpus none 4": 5.5, "corpus head-scale 4": 5.6, "entropy none 4": 3.0},
        {"corpus none 4": 5.5, "corpus head-scale 4": 5.1, "entropy none 4": 2.4},
    ),
    "T19": ({"corpus yarn 4": 5.1, "recall-mqar yarn 4": 0.3}, {"corpus drop 1": 5.3}, {"corpus yarn 4": 5.1}),
    "T20": ({"bucket-sort randomized 4": 0.9}, {"even-pairs randomized 4": 0.3}, {"bucket-sort randomized 4": 0.51}),
    "T24": ({"flip-flop path 4": 1.0}, {"flip-flop path 4": 1.0, "flip-flop fox 4": 0.99}, {"flip-flop path 4": 0.97}),
    "T26": ({}, {"corpus fox 16": 5.3}, {"corpus fox 16": 5.05}),
    "T27": ({}, {"offset-recall fox 1": 0.1}, {"corpus fox 1": 5.05}),
    "T29": ({"flip-flop rope 4": 0.3, "count-symbol rope 4": 0.3}, {"count-symbol cope 4": 0.3}, {}),
    "T35": ({"recall-mqar rope 4": 0.3, "recall-mqar rope 8": 0.3}, {"recall-mqar hybrid 8": 0.3}, {}),
    "T36": ({"recall-mqar logn 4": 0.7, "recall-mqar logn 8": 0.7}, {"recall-mqar logn 4": 0.3}, {}),
    "T38": ({}, {f"{SMALL_TEXT} rope 1 bfloat16": 5.1}, {f"{SMALL_TEXT} rope 1 bfloat16": 5.015}),
}


def test_every_claim_is_planted() -> None:
    assert set(PLANTED) == OWN


@pytest.mark.parametrize("id", PLANTED)
def test_planted_records_flip_a_verdict(id: str, tmp_path: Path, records: ModuleType) -> None:
    planted = Planted(id, tmp_path, records)
    for word, values in zip(("reproduced", "refuted", "inconclusive"), PLANTED[id], strict=True):
        found = verdict(id, planted.with_values(values))
        assert found.word == word
        assert [len(finding.values) for finding in found.findings] == [len(SEEDS)] * len(found.claim.criteria)


@pytest.mark.parametrize("id", PLANTED)
def test_without_records_nothing_is_said(id: str, tmp_path: Path) -> None:
    found = verdict(id, Store(tmp_path))
    assert (found.word, found.measured, len(found.lacks)) == ("inconclusive", False, len(found.claim.criteria))


@pytest.mark.parametrize("id", TRAINED_HERE)
def test_the_runs_that_a_claim_asks_for_make_a_plan(id: str) -> None:
    evidence = registered()[id].evidence
    assert isinstance(evidence, Trained) and evidence.needs
    for request in evidence.needs:
        plan = make_plan(request)
        assert plan.cells and not plan.left_out


def test_flip_flop_is_about_a_single_layer(tmp_path: Path, records: ModuleType) -> None:
    """Two layers can solve what one cannot, so their records do not count."""
    assert not verdict("T24", Planted("T24", tmp_path, records, layers=2).with_values({})).measured


def verdict(id: str, store: Store) -> Judgement:
    return judge([registered()[id]], {}, conditions(store))[0]


class Planted:
    """A store with the records of a claim's runs."""

    def __init__(self, id: str, root: Path, records: ModuleType, **changes: int) -> None:
        evidence = registered()[id].evidence
        assert isinstance(evidence, Trained)
        seeded = [request.model_copy(update={"seeds": SEEDS}) for request in evidence.needs]
        changed = [each.model_copy(update={"changes": each.changes.model_copy(update=changes)}) for each in seeded]
        self.cells = [cell for request in changed for cell in make_plan(request).cells]
        self.store, self.records, self.written = Store(root), records, dict[str, float]()
        for cell in self.cells:
            self.store.put(self.trained(cell))

    def with_values(self, values: Mapping[str, float]) -> Store:
        """The store with these values, and the usual ones elsewhere; only what changes is written."""
        for cell in self.cells:
            loss = METRICS[cell.facts.metric].lower_is_better
            for measure in cell.measures:
                for spec in measure.evaluations:
                    value = values.get(name_of(cell, measure, spec), LOSS if loss else ACCURACY)
                    if self.written.get(spec.key) != value:
                        self.write(cell, spec, value, loss=loss)
                    self.written[spec.key] = value
                for look in measure.probes:
                    if isinstance(look, MechanismSpec):
                        multiple = f"{measure.label} {look.length // cell.train.budget.train_length}"
                        inside = values.get(f"probe {multiple}", PROBE), values.get(f"entropy {multiple}", ENTROPY)
                        self.store.put(looked(look), mechanism(cell, *inside))
        return self.store

    def write(self, cell: Cell, spec: EvalSpec, value: float, *, loss: bool) -> None:
        lags = () if loss else self.records.octaves(2 * spec.length)
        like = self.records.eval_record(self.records.train_record("copy", "rope", cell.seed), spec.length)
        own = {"spec": spec, "axes": {"lag (tokens)": lags}, "chance": {"token_accuracy": 0.1}}
        arrays = text(value, spec.length) if loss else answers(value, spec.length, len(lags))
        self.store.put(like.model_copy(update=own), arrays)

    def trained(self, cell: Cell) -> TrainRecord:
        like: TrainRecord = self.records.train_record("copy", "rope", cell.seed)
        return like.model_copy(update={"spec": cell.train, "task": cell.facts})


def name_of(cell: Cell, measure: Measure, spec: EvalSpec) -> str:
    """What planted values go by: "task encoding multiple", and the precision if it is not the usual one."""
    task, multiple = cell.train.task.label.partition(" (")[0], spec.length // cell.train.budget.train_length
    return f"{task} {measure.label} {multiple}" + " bfloat16" * (cell.train.precision == "bfloat16")


def looked(spec: MechanismSpec) -> MechanismRecord:
    return MechanismRecord(spec=spec, status="ok", created=START, environment=environment("cpu", 1), queries=RANGES)


def mechanism(cell: Cell, probe: float, entropy: float) -> Arrays:
    """This error of the probe after the last layer, and this entropy of every query in the last of two ranges."""
    layers, heads = cell.train.model.layers, cell.train.model.heads
    queries = np.full((layers, heads, len(RANGES)), 10, np.int32)
    squares = np.ones((layers, heads))
    return {
        "entropy": queries * np.array([9.0, entropy]),
        "uniform": queries * 4.0,
        "queries": queries,
        **{"position_squares": squares, "content_squares": squares, "pairs": queries[..., 0]},
        **{"probe_error": np.array([1.0] * layers + [probe]), "chance_error": np.ones(1 + layers)},
        "places": np.full(1 + layers, 10, np.int32),
    }


def text(loss: float, length: int) -> Arrays:
    """The same loss at every place; after a cropped context it is the usual one."""
    rows: dict[str, np.ndarray] = {
        "loss": np.full(ROWS, loss),
        "correct": np.zeros(ROWS, np.int32),
        "count": np.ones(ROWS, np.int32),
    }
    return {**places(loss, 0, length), **rows_of("row", **rows), **rows_of("crop", **rows)}


def answers(share: float, length: int, ranges: int) -> Arrays:
    """This share of rows without an error; by distance, this share of answers from the fifth token back on."""
    right = (np.arange(ROWS) < round(share * ROWS)).astype(np.int32)
    rows: dict[str, np.ndarray] = {"loss": np.ones(ROWS), "correct": right, "count": np.ones(ROWS, np.int32)}
    found = np.array([ROWS if index < 3 else round(share * ROWS) for index in range(ranges)], np.int32)
    count = np.full(ranges, ROWS, np.int32)
    groups: dict[str, np.ndarray] = {
        "loss": np.ones(ranges),
        "correct": found,
        "count": count,
        "exact": found,
        "rows": count,
    }
    own = places(1.0, round(share * ROWS), length)
    return {**own, **rows_of("row", **rows), **rows_of("group", **groups)}


def places(loss: float, right: int, length: int) -> Arrays:
    return {
        "loss_sum": np.full(length, loss * ROWS),
        "correct": np.full(length, right, np.int32),
        "count": np.full(length, ROWS, np.int32),
    }


def rows_of(prefix: str, **sums: np.ndarray) -> Arrays:
    return {f"{prefix}_{name}": values for name, values in sums.items()}
