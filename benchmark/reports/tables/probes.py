"""The probes of a store: the attention weights of trained models on one sentence, and their structure by distance."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.reports.tables.measurements import measurements, model_columns, newest_of
from benchmark.results.record import ProbeRecord, TrainRecord
from benchmark.results.store import Store


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Attention and structure of one trained model."""

    task: str
    encoding: str
    trained_with: str
    seed: int
    train_length: int
    text: str
    words: tuple[str, ...]  # T tokens
    attention: NDArray[np.floating[Any]]  # [layers, H, T, T]
    structure: NDArray[np.floating[Any]]  # [layers, H, distances]
    setting: str
    train_key: str


def all_probes(store: Store) -> list[Probe]:
    """The ok probe of the first seed of each encoding, sorted by task, setting, sentence and encoding."""
    first: dict[tuple[object, ...], Probe] = {}
    for cell in newest_of(measurements(store)):
        if isinstance(cell.record, ProbeRecord) and cell.record.status == "ok":
            probe = probe_of(store, cell.trained, cell.record)
            key = () if probe is None else (probe.task, probe.setting, probe.text, probe.trained_with, probe.encoding)
            if probe is not None and (key not in first or probe.seed < first[key].seed):
                first[key] = probe
    return sorted(first.values(), key=lambda probe: (probe.task, probe.setting, probe.text, probe.encoding))


def probe_of(store: Store, trained: TrainRecord, record: ProbeRecord) -> Probe | None:
    """A record's probe with its arrays; if they cannot be read, None and a line in the store's problems."""
    arrays = store.arrays(record)
    if not arrays:
        return None
    names = model_columns(trained.spec) | {"encoding": record.spec.encoding.label}
    return Probe(
        **names,
        trained_with=trained.spec.encoding.label,
        train_length=trained.spec.budget.train_length,
        text=record.spec.text,
        words=tuple(record.words),
        attention=arrays["attention"],
        structure=arrays["structure"],
        train_key=trained.spec.key,
    )
