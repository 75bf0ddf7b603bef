"""What failed, what is missing, what cannot be read, and whose metric is a guess."""

from pathlib import Path
from types import ModuleType

from benchmark.reports.tables.failures import failures, missing
from benchmark.reports.tables.values import metric_table
from benchmark.results.store import Store


def test_a_model_that_was_trained_for_others_to_adapt_lacks_nothing(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    trained = records.write_cell(store, "copy", "rope", 0, [])
    assert set(missing(store)["encoding"]) == set()
    records.write_cell(store, "copy", "alibi", 0, [1])
    assert set(missing(store)["encoding"]) == {"rope"}  # it was to be measured, for all that is known
    adapted = records.eval_record(trained, 16, encoding="rope-pi")
    store.put(adapted, records.synthetic_arrays("copy", "rope", 0, 16))
    assert set(missing(store)["encoding"]) == set()


def test_failures_and_gaps_of_a_run(example: Store) -> None:
    lost = failures(example).set_index("status")
    assert lost.loc["diverged", "reason"] == "the training loss was nan at step 217 of 600"
    assert lost.loc["failed", ["task", "encoding", "length"]].tolist() == ["recall-mqar", "rope", 256]
    assert len(lost.loc["unsupported"]) == 4 * 3 * 4
    gaps = missing(example)
    assert gaps["length"].tolist() == [16, 32, 64, 128, 256]
    assert set(gaps["reason"]) == {"training diverged: the training loss was nan at step 217 of 600"}


def test_unreadable_files_and_orphans_are_named(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    whole = records.write_cell(store, "copy", "rope", 0, [1, 2])
    evaluation = store.path(records.eval_record(whole, 16))
    evaluation.write_text("{", encoding="utf-8")
    store.path(records.eval_record(whole, 32)).with_suffix(".safetensors").unlink()
    orphan = records.write_cell(store, "copy", "alibi", 0, [1])
    store.path(orphan).unlink()
    lost = failures(store)
    assert set(lost["status"]) == {"unreadable", "orphan"}
    assert lost.loc[lost["status"] == "unreadable", "reason"].str.contains(evaluation.name).any()
    table = metric_table(store)
    assert set(table["status"]) == {"failed"} and table["reason"].str.contains("--force").all()


def test_a_metric_that_nobody_names_is_a_guess_and_says_so(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    for seed in range(3):
        trained = records.of_task(records.train_record("copy", "rope", seed), "mine")
        store.put(trained)
        store.put(records.eval_record(trained, 16), records.synthetic_arrays("copy", "rope", seed, 16))
    (row,) = failures(store).to_dict("records")
    assert (row["status"], row["task"], row["encoding"]) == ("guessed metric", "mine", "")
    assert row["reason"].endswith("; token accuracy is shown instead")
    table = metric_table(store)
    assert set(table.loc[table["headline"], "metric"]) == {"token_accuracy"}


def test_an_empty_store_lacks_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert failures(store).empty and missing(store).empty
