"""Results as Hugging Face's `.eval_results/*.yaml`: one file for each encoding, for the repository of its model.

    - dataset:
        id: owner/name             a dataset on the Hub that is registered as a benchmark
        task_id: copy-L16-at-64    one of the tasks in its eval.yaml: task, trained length, length in tokens
      value: 0.89                  mean over seeds of the task's headline metric
      date: '2026-11-29T12:00:00+00:00'
      notes: token accuracy (0 to 1), higher is better; ...

Source: https://huggingface.co/docs/hub/eval-results; written by huggingface_hub's own classes.
"""

import importlib.util
from collections.abc import Iterator
from typing import Any

from benchmark.errors import UsageError
from benchmark.metrics import METRICS
from benchmark.reports.page.selection import Panel, Selection, slug
from benchmark.reports.phrases import arrow, metric_label, qualified, seeds_phrase
from benchmark.reports.stats.estimate import mean_and_range
from benchmark.reports.stats.verdict import Who


def files(selection: Selection, dataset: str) -> dict[str, bytes]:
    """The content of each file by its name; UsageError without huggingface_hub."""
    if importlib.util.find_spec("huggingface_hub") is None:
        raise UsageError(
            "hf-eval-results needs the package huggingface_hub, which is not installed; "
            "run: pip install 'position-benchmark[checkpoints]'"
        )
    import yaml  # type: ignore[import-untyped]
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    entries: dict[str, list[EvalResultEntry]] = {}
    for panel in selection.panels:
        for length in panel.lengths:
            for name, result in _results(selection, panel, length):
                entry = EvalResultEntry(dataset_id=dataset, task_id=f"{_id(panel)}-at-{length}", **result)
                entries.setdefault(f"{slug(name)}.yaml", []).append(entry)
    return {
        name: yaml.safe_dump(eval_result_entries_to_yaml(own), sort_keys=False, allow_unicode=True).encode()
        for name, own in entries.items()
    }


def _id(panel: Panel) -> str:
    return f"{slug(panel.task)}-L{panel.train_length}"


def _results(selection: Selection, panel: Panel, length: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each encoding that has a value at a length, with the value and what is said about it."""
    here = panel.headline[(panel.headline["length"] == length) & panel.headline["value"].notna()]
    for (trained_with, encoding, league), own in here.groupby(["trained_with", "encoding", "league"]):
        mean = mean_and_range(list(own["value"]))
        mark = selection.verdict(panel, length, str(league)).mark(Who(str(trained_with), str(encoding)))
        better = arrow(lower_is_better=METRICS[panel.metric].lower_is_better)
        name = qualified(str(trained_with), str(encoding), str(league))
        first = own.iloc[0]
        notes = [
            f"{metric_label(panel.metric)}, {better}",
            f"[{mean.low:.4g}, {mean.high:.4g}]: {seeds_phrase([mean.n])}",
            f"{name}, {length} tokens = {length / panel.train_length:g} L",
            f"{first['layers']} layers of width {first['width']}, {first['steps']} steps",
            *([f"verdict: {mark}"] if mark else []),
        ]
        yield name, {"value": mean.value, "date": max(own["created"]).isoformat(), "notes": "; ".join(notes)}
