"""What is in a results folder, to be compared with another."""

from pathlib import Path

from benchmark.results.record import TrainRecord
from benchmark.results.store import Store


def outcomes(folder: Path) -> dict[str, object]:
    """The records of a results folder, without times and dates; asserts that every file is intact."""
    store, found = Store(folder), {}
    for record in store.records():
        if isinstance(record, TrainRecord):
            weights = store.weights(record.spec.key)
            content = weights.read_bytes() if record.status == "ok" else b""
            found[record.spec.key] = (record.status, record.train_steps, record.train_losses, content)
        else:
            arrays = store.arrays(record) if record.status == "ok" else {}
            found[record.spec.key] = (record.status, {name: array.tobytes() for name, array in arrays.items()})
    assert store.problems == []
    return found


def good(folder: Path) -> dict[str, object]:
    """Those that succeeded."""
    return {key: value for key, value in outcomes(folder).items() if value[0] == "ok"}  # type: ignore[index]
