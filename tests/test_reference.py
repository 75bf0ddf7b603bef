"""The reference run that ships with the repository, and the report made from its records."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.cli import main
from benchmark.encodings import CATALOGUE
from benchmark.experiments.plan import make_plan
from benchmark.experiments.presets import QUICK
from benchmark.experiments.request import Request
from benchmark.reports.tables.failures import failures, missing
from benchmark.results.record import EvalRecord, TrainRecord
from benchmark.results.store import Store

ROOT = Path(__file__).parents[1]
RECORDS, REPORT = ROOT / "results" / "reference", ROOT / "reports" / "reference"
SEEDS = 9  # at least: what a verdict among five encodings takes


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
    records = list(Store(RECORDS).records())
    trained = [record for record in records if isinstance(record, TrainRecord)]
    seeds = {record.spec.init_seed for record in trained}
    cells = {(record.spec.task.name, record.spec.encoding.name, record.spec.init_seed) for record in trained}
    grid = {(task, name, seed) for task in QUICK.tasks for name in CATALOGUE.members("classic") for seed in seeds}
    assert len(seeds) >= SEEDS
    assert cells == grid and len(trained) == len(grid)
    assert all(record.status == "ok" for record in trained)
    assert sum(isinstance(record, EvalRecord) for record in records) == len(grid) * len(QUICK.multiples)


def test_its_records_are_of_the_code_that_ships() -> None:
    """If a default task or a classic encoding has changed, repeat the reference run (CONTRIBUTING.md)."""
    trained = {record.spec.key: record.spec for record in Store(RECORDS).records() if isinstance(record, TrainRecord)}
    seeds = tuple(sorted({spec.init_seed for spec in trained.values()}))
    assert make_plan(Request(encodings="classic", seeds=seeds)).train_keys == set(trained)


def test_nothing_of_it_is_unreadable_missing_or_failed() -> None:
    store = Store(RECORDS)
    lost = failures(store)
    assert set(zip(lost["encoding"], lost["status"], strict=True)) == {("learned", "unsupported")}  # past its table
    assert missing(store).empty
    assert not store.problems
