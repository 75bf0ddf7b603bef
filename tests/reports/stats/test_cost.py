"""Time and memory by hand, and where neither is measured."""

import math
from pathlib import Path

import pandas as pd
import pytest

from benchmark.reports.stats.cost import MIB, memory_cost, ratios, seconds, time_of
from benchmark.reports.tables.timings import timing_table
from benchmark.results.files import Folder


def models(seconds_of: dict[str, list[float]], tokens: int = 2000) -> pd.DataFrame:
    rows = [
        {"trained_with": name, "train_key": f"{name}{seed}", "train_seconds": taken, "trained_tokens": tokens}
        for name, own in seconds_of.items()
        for seed, taken in enumerate(own)
    ]
    return pd.DataFrame(rows).assign(train_length=64)


def timings(*rows: tuple[str, int, float], device: str = "cpu", operation: str = "training_step") -> pd.DataFrame:
    each = [
        {"encoding": name, "length": length, "ratio": ratio, "low": ratio - 0.1, "high": ratio + 0.1}
        for name, length, ratio in rows
    ]
    return pd.DataFrame(each).assign(operation=operation, device=device, rounds=13)


def test_seconds_per_thousand_tokens_by_hand() -> None:
    table = models({"rope": [4.0, 5.0, 9.0], "none": [3.0]})
    cost = seconds(pd.concat([table, table]))  # a model has many rows, and counts once
    own = cost.of["rope"]
    assert (own.value, own.low, own.high, own.n) == pytest.approx((3.0, 2.0, 4.5, 3))
    assert cost.of["none"].value == 1.5 and math.isnan(cost.of["none"].low)


def test_a_model_without_seconds_or_tokens_has_no_cost() -> None:
    assert seconds(models({"rope": [0.0], "none": [1.0]})).of.keys() == {"none"}
    assert seconds(models({"rope": [1.0]}, tokens=0)).of == {}


def test_the_suites_ratio_is_taken_at_the_nearest_length_that_has_all() -> None:
    table = timings(
        ("rope", 64, 1.2), ("rope", 256, 1.4), ("alibi", 256, 1.1), ("rope", 1024, 9.0), ("alibi", 1024, 9.0)
    )
    cost = ratios(table, {"rope", "alibi", "none"}, 64)
    assert cost is not None and (cost.kind, cost.length, cost.device) == ("ratio", 256, "cpu")
    assert (cost.of["rope"].value, cost.of["rope"].n, cost.of["none"].value) == (1.4, 13, 1.0)


def test_where_the_suite_lacks_an_encoding_seconds_are_taken() -> None:
    table = models({"rope": [4.0], "alibi": [5.0]})
    assert time_of(table, timings(("rope", 64, 1.2))).kind == "seconds"
    assert time_of(table, timings(("rope", 64, 1.2), ("alibi", 64, 1.1))).kind == "ratio"
    other = timings(("rope", 64, 1.2), ("alibi", 64, 1.1), operation="decode")
    assert time_of(table, other).kind == "seconds"


def test_no_timings_at_all_are_seconds(tmp_path: Path) -> None:
    assert time_of(models({"rope": [4.0]}), timing_table(Folder(tmp_path), [])).kind == "seconds"


def test_memory_is_that_of_a_gpu_alone(records) -> None:
    plain = [records.train_record("copy", "rope", seed) for seed in (0, 1)]
    here = [record.model_copy(update={"peak_memory_bytes": 7 * MIB}) for record in plain]
    assert memory_cost(plain) is None and memory_cost(here) is None  # no counter, and a processor's
    gpu = plain[0].environment.model_copy(update={"device": "NVIDIA H100"})
    counted = [
        record.model_copy(update={"peak_memory_bytes": size * MIB, "environment": gpu})
        for record, size in zip(plain, (5, 7), strict=True)
    ]
    cost = memory_cost([*here, *counted])
    assert cost is not None and cost.kind == "memory"
    assert (cost.of["rope"].value, cost.of["rope"].n) == (6, 2)
