"""The example records, loaded by path: tests are no package."""

import importlib.util
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from benchmark.metrics import METRICS
from benchmark.reports.page.page import Page
from benchmark.reports.write.report import ReportPaths, build, write
from benchmark.results.store import Store


@pytest.fixture(scope="session")
def records() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_records", Path(__file__).with_name("records.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def example_root(records: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with three encodings, three seeds, every kind of trouble, and timings. Read it, don't write."""
    root = tmp_path_factory.mktemp("results")
    records.write_example(root)
    records.write_timings(root / "timing")
    return Path(root)


@pytest.fixture
def example(example_root: Path) -> Store:
    return Store(example_root)


@pytest.fixture(scope="session")
def page(example_root: Path) -> Page:
    """The report of the example, built once."""
    return build(Store(example_root), "python -m benchmark run --encodings rope,alibi,learned --preset quick")


@pytest.fixture(scope="session")
def page_paths(page: Page, tmp_path_factory: pytest.TempPathFactory) -> ReportPaths:
    """The report of the example, written once."""
    return write(page, tmp_path_factory.mktemp("report"))


def tidy_rows(
    values: Mapping[str, Sequence[float]],
    *,
    task: str = "copy",
    metric: str = "token_accuracy",
    multiple: int = 1,
    train_length: int = 16,
    chance: float = 0.0,
    shortcut: float = math.nan,
    league: str = "",
    trained_with: str | None = None,
) -> pd.DataFrame:
    """Rows of `metric_table` of one task and length: values by encoding, seed 0 first; NaN is unsupported."""
    rows = [
        {
            **{"task": task, "setting": "s", "metric": metric, "encoding": name, "trained_with": trained_with or name},
            **{"league": league, "length": multiple * train_length, "multiple": float(multiple), "headline": True},
            **{"train_length": train_length, "lower_is_better": METRICS[metric].lower_is_better, "chance": chance},
            **{"shortcut": shortcut, "shortcut_name": "" if math.isnan(shortcut) else "constant answer"},
            **{"seed": seed, "value": value, "status": "unsupported" if math.isnan(value) else "ok"},
        }
        for name, own in values.items()
        for seed, value in enumerate(own)
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def tidy() -> Callable[..., pd.DataFrame]:
    return tidy_rows


@pytest.fixture(scope="session")
def as_table() -> Callable[[Iterable], pd.DataFrame]:
    """Typed rows as a table: a column per field."""
    return lambda rows: pd.DataFrame([asdict(row) for row in rows])
