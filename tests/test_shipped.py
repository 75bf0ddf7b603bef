"""What ships beside the reference run: the claims and the pretrained checkpoint, each with the page of its records."""

import json
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.checkpoints.tasks import CATALOGUE
from benchmark.claims.ledger import ledger
from benchmark.claims.registry import registered
from benchmark.claims.sentences import rows_for_programs
from benchmark.cli import main
from benchmark.reports.words import speaking
from benchmark.results.record import TrainRecord
from benchmark.results.store import Store

ROOT = Path(__file__).parents[1]
CLAIMS, CHECKPOINT = (ROOT / "results" / f"{name}.zip" for name in ("claims", "checkpoint"))


@pytest.mark.parametrize("page", ["claims", "claims/zh"])
def test_the_page_of_the_claims_has_the_verdicts_of_its_records(page: str) -> None:
    """If a claim has changed, judge the records again (CONTRIBUTING.md)."""
    shown = json.loads((ROOT / "reports" / page / "data.json").read_text("utf-8"))
    with speaking("en"):
        found = [row for each in ledger(list(registered().values()), Store(CLAIMS)) for row in rows_for_programs(each)]
    kept = ("claim", "version", "verdict", "criterion", "value", "n")
    assert [[row[key] for key in kept] for row in shown] == [[row[key] for key in kept] for row in found]


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_counts_the_verdicts_of_the_records(readme: str) -> None:
    found = Counter(each.word for each in ledger(list(registered().values()), Store(CLAIMS)))
    text = " ".join((ROOT / readme).read_text("utf-8").split())
    if readme == "README.md":
        said = "judges {} claims: **{} reproduced, {} refuted, {} inconclusive, {} not measurable"
    else:
        said = "{} 条论断中 {} 条重现、{} 条推翻、{} 条不能确定、 {} 条在此规模下"
    words = ("reproduced", "refuted", "inconclusive", "not measurable")
    assert said.format(found.total(), *(found[word] for word in words)) in text


def test_the_report_of_the_checkpoint_is_what_its_records_give(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["report", "--results", str(CHECKPOINT), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    for name in ("report.md", "data.json"):
        assert (tmp_path / name).read_text("utf-8") == (ROOT / "reports" / "checkpoint" / name).read_text("utf-8")


def test_the_checkpoints_records_are_of_the_code_that_ships() -> None:
    """If one of its tasks has changed, `make checkpoint` reads the documents again."""
    specs = [record.spec for record in Store(CHECKPOINT).records() if isinstance(record, TrainRecord)]
    assert {spec.task.name for spec in specs} == {"text", "passkey"}
    for spec in specs:
        assert spec.task.fingerprint == CATALOGUE.fingerprint(CATALOGUE.choice(spec.task.name))
