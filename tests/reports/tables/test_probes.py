"""One probe per encoding, with its arrays."""

from pathlib import Path
from types import ModuleType

from benchmark.reports.tables.probes import all_probes
from benchmark.results.store import Store


def test_probes_are_those_of_the_first_seed(records: ModuleType, tmp_path: Path) -> None:
    store = Store(tmp_path)
    for seed in (3, 1, 2):
        trained = records.train_record("corpus", "rope", seed)
        store.put(trained)
        store.put(records.probe_record(trained), records.probe_arrays("rope"))
    (probe,) = all_probes(store)
    assert (probe.encoding, probe.seed, probe.words[2]) == ("rope", 1, "玄德")
    assert probe.attention.shape == (2, 4, len(probe.words), len(probe.words))
    assert probe.structure.shape == (2, 4, 256)


def test_an_empty_store_has_no_probes(tmp_path: Path) -> None:
    assert all_probes(Store(tmp_path)) == []
