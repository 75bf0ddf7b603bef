"""The section on what was run: which encodings were fitted at test time, and what that took."""

from pathlib import Path
from types import ModuleType

from benchmark.reports.write.report import build
from benchmark.results.record import Search
from benchmark.results.store import Store


def opening(store: Store) -> str:
    section = next(section for section in build(store).sections if section.id == "run")
    return section.lines[0]


def test_a_search_is_named_with_the_most_that_it_took(records: ModuleType, tmp_path: Path) -> None:
    store = records.write_example(tmp_path, encodings=("rope",), tasks=("copy",), seeds=2, trouble=False)
    assert "search" not in opening(store)
    for seed in range(2):
        trained = records.train_record("copy", "rope", seed)
        for length in (16, 64):
            record = records.eval_record(trained, length, encoding="longrope")
            took = Search(evaluations=96, tokens=786000 + 400 * seed, seconds=3.0)
            arrays = records.synthetic_arrays("copy", "longrope", seed, length)
            found = arrays["row_loss"][:4]
            store.put(record.model_copy(update={"search": took}), {**arrays, "found": found})
    said = "longrope (96 evaluations of the model, on 786,400 tokens in all)."
    assert opening(store).endswith(f"fitted these encodings to each trained model, on rows that no test asks: {said}")
