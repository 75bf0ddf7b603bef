"""The sweep of learning rates: what is chosen, and that its trials are seen nowhere else."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from benchmark.reports.compare.snapshot import Snapshot
from benchmark.reports.page.selection import Selection
from benchmark.reports.tables.failures import failures, missing
from benchmark.reports.tables.measurements import family_of, setting_of
from benchmark.reports.tables.tuning import TUNING_COLUMNS, best_rate, tuning_table
from benchmark.reports.tables.values import metric_table
from benchmark.results.store import Store

Losses = Mapping[str, Mapping[float, Sequence[float | None]]]  # by encoding, multiple and seed; None: diverged


@pytest.fixture
def swept(records: ModuleType, tmp_path: Path):
    """Writes trials with these losses, and returns their store."""

    def write(losses: Losses, task: str = "copy") -> Store:
        store = Store(tmp_path / "swept")
        for encoding, by_multiple in losses.items():
            for multiple, own in by_multiple.items():
                for seed, loss in enumerate(own):
                    records.write_trial(store, task, encoding, multiple, loss, seed=seed)
        return store

    return write


def chosen(store: Store) -> dict[str, float]:
    """The chosen multiple of each encoding."""
    table = tuning_table(store)
    own = table[table["chosen"]]
    return dict(zip(own["encoding"], own["multiple"], strict=True))


def test_the_lowest_mean_loss_is_chosen_over_seeds(swept) -> None:
    store = swept({"rope": {0.3: (1.0, 1.0), 1.0: (0.1, 1.7), 3.0: (2.0, 0.4)}})
    table = tuning_table(store)
    assert list(table.columns) == list(TUNING_COLUMNS)
    assert table["loss_nats"].tolist() == pytest.approx([1.0, 0.9, 1.2])
    assert table["lowest"].tolist() == pytest.approx([1.0, 0.1, 0.4])
    assert table["highest"].tolist() == pytest.approx([1.0, 1.7, 2.0])
    assert table["rate"].tolist() == pytest.approx([9e-4, 3e-3, 9e-3])
    assert table["chosen"].tolist() == [False, True, False]
    assert table["train_seconds"].tolist() == [21.0] * 3  # 10 s and 11 s
    assert not table["at_edge"].any()


def test_a_rate_that_is_better_only_in_the_mean_replaces_nothing(swept) -> None:
    store = swept({"rope": {0.3: (1.0, 1.1), 1.0: (1.2, 1.3), 3.0: (0.1, 1.4)}})
    assert chosen(store) == {"rope": 0.3}  # beats the task's own on both seeds; 3.0 has the lower mean, and loses one


def test_while_the_tasks_own_rate_has_no_trial_nothing_is_chosen(swept) -> None:
    assert chosen(swept({"rope": {0.3: (1.0,), 3.0: (0.5,)}})) == {}


@pytest.mark.parametrize("task", ["copy", "corpus"])
def test_each_encoding_of_a_task_has_its_own(swept, task: str) -> None:
    store = swept({"rope": {0.3: (3.0,), 1.0: (2.0,)}, "alibi": {0.3: (2.0,), 1.0: (3.0,)}}, task)
    assert chosen(store) == {"rope": 1.0, "alibi": 0.3}


def test_of_equal_rates_that_nearest_to_the_tasks_own_is_chosen(swept) -> None:
    assert chosen(swept({"rope": dict.fromkeys((0.1, 0.3, 1.0, 3.0), (0.5,))})) == {"rope": 1.0}
    assert chosen(swept({"alibi": {0.1: (0.5,), 0.3: (0.6,), 1.0: (0.6,), 3.0: (0.5,)}})) == {"rope": 1.0, "alibi": 3.0}


def test_one_diverged_seed_rules_a_rate_out(swept) -> None:
    store = swept({"rope": {1.0: (2.0, 2.0), 3.0: (0.1, None)}})
    assert chosen(store) == {"rope": 1.0}
    own = tuning_table(store).set_index("multiple").loc[3.0]
    assert math.isinf(own["loss_nats"]) and own["lowest"] == pytest.approx(0.1) and own["seeds"] == 2


def test_where_every_rate_diverges_nothing_is_chosen(swept) -> None:
    store = swept({"rope": {1.0: (None,), 3.0: (None,)}})
    assert chosen(store) == {} and best_rate(store) is None
    assert tuning_table(store)["complete"].all()


def test_a_failed_measurement_counts_as_infinite_and_a_lacking_one_as_missing(
    swept, records: ModuleType, tmp_path: Path
) -> None:
    store = swept({"rope": {1.0: (2.0,), 3.0: (0.5,)}})
    trial = records.write_trial(store, "copy", "rope", 3.0, 0.5)
    store.put(records.eval_record(trial, 16, status="failed", reason="out of memory"))
    assert chosen(store) == {"rope": 1.0}
    store.path(records.eval_record(trial, 16)).unlink()
    assert tuning_table(store)["multiple"].tolist() == [1.0]


def test_the_best_at_an_edge_is_marked(swept) -> None:
    table = tuning_table(swept({"rope": {0.3: (3.0,), 1.0: (2.0,), 3.0: (1.0,)}}))
    assert table["at_edge"].tolist() == [False, False, True]
    assert best_rate(swept({})) == pytest.approx(9e-3)


def test_an_encoding_with_fewer_trials_than_the_others_gets_no_rate(swept) -> None:
    whole = {0.3: (3.0, 3.0), 1.0: (2.0, 2.0)}
    store = swept({"rope": whole, "alibi": {0.3: (3.0, 3.0), 1.0: (2.0,)}, "none": {1.0: (2.0, 2.0)}})
    assert chosen(store) == {"rope": 1.0}
    table = tuning_table(store).drop_duplicates("encoding").set_index("encoding")
    assert table["complete"].to_dict() == {"alibi": False, "none": False, "rope": True}


def test_nothing_past_the_trained_length_is_looked_at(swept, records: ModuleType) -> None:
    store = swept({"rope": {1.0: (2.0,), 3.0: (2.5,)}})
    trial = records.write_trial(store, "copy", "rope", 3.0, 2.5)
    store.put(records.eval_record(trial, 32), records.synthetic_arrays("copy", "rope", 0, 32))
    assert chosen(store) == {"rope": 1.0}


def test_without_trials_the_table_is_empty(example: Store) -> None:
    table = tuning_table(example)
    assert table.empty and list(table.columns) == list(TUNING_COLUMNS)
    assert best_rate(example) is None


def test_trials_are_in_no_other_table(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    records.write_example(store.root, tasks=("copy",), encodings=("rope", "alibi"))
    before, report = metric_table(store), Snapshot.of_report(Selection.of(store)).text()
    troubles, gaps, kept = failures(store), missing(store), Snapshot.of_store(store)
    records.write_trial(store, "copy", "rope", 1.0, 0.001)
    records.write_trial(store, "copy", "rope", 3.0, None)
    records.write_trial(store, "copy", "t5", 3.0, 0.001)
    assert metric_table(store).equals(before)
    assert Snapshot.of_report(Selection.of(store)).text() == report
    assert failures(store).equals(troubles) and missing(store).equals(gaps) and Snapshot.of_store(store) == kept
    assert Selection.of(store).encodings == ["alibi", "rope"]


def test_a_family_is_a_setting_without_its_learning_rate(records: ModuleType) -> None:
    usual = records.train_spec("copy", "rope", 0)
    faster, longer = (
        usual.model_copy(update={"budget": usual.budget.model_copy(update=change)})
        for change in ({"learning_rate": 9e-3}, {"steps": 7})
    )
    assert family_of(faster) == family_of(usual) != family_of(longer)
    assert len({setting_of(spec) for spec in (usual, faster, longer)}) == 3
