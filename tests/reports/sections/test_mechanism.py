"""The section "Inside the models": only where someone looked, with means, ranges and all layers in its data."""

from pathlib import Path
from types import ModuleType

from benchmark.reports.draw.style import palette
from benchmark.reports.page.selection import Selection
from benchmark.reports.sections.mechanism import section
from benchmark.results.record import TrainRecord
from benchmark.results.store import Store


def looked_into(records: ModuleType, root: Path, *, looks: bool) -> Selection:
    store: Store = records.write_example(
        root, encodings=("rope", "none"), tasks=("copy",), multiples=(1, 4), seeds=2, trouble=False
    )
    for trained in [record for record in store.records() if isinstance(record, TrainRecord)] if looks else []:
        for length in (16, 64):
            scale = 1 + trained.spec.init_seed
            store.put(records.look_record(trained, length), records.look_arrays(length, layers=2, entropy=scale))
    return Selection.of(store)


def test_nothing_is_said_where_nobody_looked(records: ModuleType, tmp_path: Path) -> None:
    selection = looked_into(records, tmp_path, looks=False)
    assert section(selection, palette(selection.encodings)) is None


def test_each_measure_is_a_figure_with_its_numbers(records: ModuleType, tmp_path: Path) -> None:
    selection = looked_into(records, tmp_path, looks=True)
    found = section(selection, palette(selection.encodings))
    assert found is not None
    assert [exhibit.id for exhibit in found.exhibits] == ["entropy-copy-16", "position-probe-copy-16", "share-copy-16"]
    entropy, probe, _ = found.exhibits
    assert entropy.numbers is not None and probe.numbers is not None and entropy.data is not None
    none, rope, uniform = entropy.numbers.rows
    assert [row[0].text for row in (none, rope, uniform)] == ["none", "rope", "uniform attention"]
    assert (none[1].text, none[1].details) == ("3.00", ("[2.00, 4.00]",))  # layer 1: 2 nats times 1 and 2
    assert uniform[1].text == "3.69"  # log 40
    assert [field.text for field in probe.numbers.rows[0][1:4]] == ["1.00", "0.50", "0.25"]
    assert len(entropy.data.rows) == 2 * 2 * 2 * 2  # encodings, seeds, lengths, layers
    assert entropy.measured == 8
