"""The reference run that ships with the repository, and the report made from its records."""

import re
from collections import Counter
from itertools import product
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from benchmark.cli import main
from benchmark.encodings import CATALOGUE
from benchmark.experiments.plan import make_plan
from benchmark.experiments.presets import QUICK
from benchmark.experiments.request import Request, Tune
from benchmark.experiments.tuning import trials_of
from benchmark.reports.tables.failures import failures, missing
from benchmark.reports.tables.tuning import tuning_table
from benchmark.results.record import TrainRecord
from benchmark.results.store import Store

ROOT = Path(__file__).parents[1]
RECORDS, REPORT = ROOT / "results" / "reference.zip", ROOT / "reports" / "reference"
SEEDS = 9  # what a verdict among five encodings takes


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the shipped records, as a user makes it from a clone."""
    out = tmp_path_factory.mktemp("reference")
    result = CliRunner().invoke(main, ["report", "--results", str(RECORDS), "--out", str(out)])
    assert result.exit_code == 0, result.output
    return out


def test_the_report_is_what_the_records_give(made: Path) -> None:
    """If the wording of reports has changed, write the report again (CONTRIBUTING.md, "The reference run")."""
    assert (made / "report.md").read_text("utf-8") == (REPORT / "report.md").read_text("utf-8")
    assert (made / "data.json").read_text("utf-8") == (REPORT / "data.json").read_text("utf-8")


def test_its_figures_are_there(made: Path) -> None:
    linked = set(re.findall(r"\]\((figures/[^)]+)\)", (REPORT / "report.md").read_text("utf-8")))
    shipped = {f"figures/{path.name}" for path in (REPORT / "figures").iterdir()}
    assert linked == shipped == {f"figures/{path.name}" for path in (made / "figures").iterdir()}


def test_it_is_a_full_grid_of_the_classics_on_the_default_tasks() -> None:
    """Every encoding at the same rate, at its best where that is another, and every trial."""
    trained = [record for record in Store(RECORDS).records() if isinstance(record, TrainRecord)]
    counts = Counter((record.spec.task.name, record.spec.encoding.name, record.spec.is_trial) for record in trained)
    grid = list(product(QUICK.tasks, CATALOGUE.members("classic")))
    best = {(row.task, row.encoding): row.multiple for row in _chosen().itertuples()}
    assert {(task.split(" ")[0], name) for task, name in best} == set(grid)
    assert all(record.status == "ok" for record in trained)
    for (task, name), multiple in best.items():
        rates = 1 if multiple == 1 else 2
        assert counts[task.split(" ")[0], name, False] == rates * SEEDS
        assert counts[task.split(" ")[0], name, True] == 6  # three rates, two seeds


def test_its_records_are_of_the_code_that_ships() -> None:
    """If a default task or a classic encoding has changed, repeat the reference run (CONTRIBUTING.md)."""
    shipped = {record.spec.key for record in Store(RECORDS).records() if isinstance(record, TrainRecord)}
    seeds = tuple(range(SEEDS))
    plan = make_plan(Request(encodings="classic", seeds=seeds, tune=Tune()))
    assert plan.train_keys | trials_of(plan, Tune()).train_keys <= shipped


def _chosen() -> pd.DataFrame:
    table = tuning_table(Store(RECORDS))
    return table[table["chosen"]]


def test_nothing_of_it_is_unreadable_missing_or_failed() -> None:
    store = Store(RECORDS)
    lost = failures(store)
    assert set(zip(lost["encoding"], lost["status"], strict=True)) == {("learned", "unsupported")}  # past its table
    assert missing(store).empty
    assert not store.problems
