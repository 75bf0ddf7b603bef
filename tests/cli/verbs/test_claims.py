"""`claims` on the command line: what is shown, what is refused, and what `--run` trains."""

import csv
import io
import json
from pathlib import Path

import pytest

from benchmark.claims import registry
from benchmark.results.store import Store

CLAIM = """
from benchmark.claims.claim import Bound, Claim, Criterion, Source, Trained
from benchmark.claims.evidence import gap
from benchmark.experiments.request import Request

COPYING = Claim(
    id="MINE",
    sentence="RoPE copies better than nothing does.",
    source=Source(paper="A hunch", place="", url="https://example.org"),
    criteria=(
        Criterion(name="copy", quantity="accuracy", reproduced=Bound(above=0.0), refuted=Bound(below=0.0)),
    ),
    evidence=Trained(
        needs=(Request(encodings="rope,none", tasks="copy", preset="smoke", seeds=(0, 1), multiples=(1,)),),
        read=lambda records: {"copy": gap(records, "copy", "rope", "none")},
    ),
    scale="",
    silent="",
)
"""


def test_a_table_for_people(invoke, tmp_path, records):
    values = {"sinusoidal": {1: [5.0] * 6, 2: [5.3] * 6}, "none": {1: [5.2] * 6, 2: [5.2] * 6}}
    records.write_values(tmp_path / "results", "corpus", values)
    shown = invoke("claims", "t1", "A13")
    assert shown.exit_code == 0
    assert "refuted" in next(line for line in shown.stdout.splitlines() if line.startswith("T1"))
    assert "0.300 [0.300, 0.300], n = 6" in shown.stdout
    assert "reproduced if < 0.02, refuted if > 0.1" in shown.stdout
    assert "385" in shown.stdout
    assert "2 claims: 1 refuted, 1 reproduced" in shown.stdout


def test_a_pack_is_judged_like_its_folder(invoke, tmp_path, records):
    values = {"sinusoidal": {1: [5.0] * 6, 2: [5.3] * 6}, "none": {1: [5.2] * 6, 2: [5.2] * 6}}
    records.write_values(tmp_path / "results", "corpus", values)
    without = tmp_path / "without.zip"
    invoke("pack", "results", "-o", str(without))
    shown = invoke("claims", "T1", "A13", "--results", str(without))
    assert shown.exit_code == 0 and "measuring A13" in shown.stderr
    assert shown.stdout == invoke("claims", "T1", "A13").stdout
    invoke("pack", "results", "-o", "with.zip")
    assert "measuring" not in invoke("claims", "A13", "--results", "with.zip").stderr
    assert "only read" in invoke("claims", "T1", "--run", "--results", "with.zip").stderr


def test_what_is_missing_is_named_with_its_command(invoke):
    shown = invoke("claims", "T2")
    assert "T2: No record serves it yet." in shown.stdout
    assert "  python -m benchmark run --encodings alibi,t5,rope,sinusoidal --preset quick" in shown.stdout


def test_seeds_that_are_missing_are_counted(invoke, tmp_path, records):
    values = {"sinusoidal": {1: [5.0] * 4, 2: [5.3] * 4}, "none": {1: [5.2] * 4, 2: [5.2] * 4}}
    records.write_values(tmp_path / "results", "corpus", values)
    shown = invoke("claims", "T1").stdout
    assert "The values lean to “refuted”. It would be shown if the next 2 seeds all agreed." in shown
    assert "--seeds 0,1,2,3,4,5 " in shown


@pytest.mark.parametrize("form", ["csv", "json"])
def test_for_programs(invoke, form):
    shown = invoke("claims", "A13", "T1", "--format", form).stdout
    rows = json.loads(shown) if form == "json" else list(csv.DictReader(io.StringIO(shown)))
    assert [row["claim"] for row in rows] == ["A13", "T1"]
    assert float(rows[0]["value"]) == 385
    assert rows[1]["value"] in (None, "")
    assert rows[0]["verdict"] == "reproduced"


def test_all_claims_have_distinct_ids_and_a_source():
    claims = [claim for family in registry.FAMILIES for claim in registry.claims_of(family)]
    assert len({claim.id for claim in claims}) == len(claims) >= 20
    assert all(claim.source.url.startswith("https://") and claim.sentence.endswith(".") for claim in claims)
    assert all(claim.id == claim.id.upper() for claim in claims)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("T99",), "unknown claim 'T99'. Known: A1, "),
        (("no/such.py",), "'no/such.py' is not a file: name a Python file that defines a claim, or an id such as T5"),
        (("empty.py",), "defines no claim: assign a Claim to a name, as docs/add-a-claim.md shows"),
        (("taken.py",), "the id 'T1' is taken by a built-in claim; choose another"),
        (("broken.py",), "broken.py cannot be imported: ZeroDivisionError: division by zero"),
        (("--run",), "--run trains for days if no claim is named: name some, such as T1 T5"),
    ],
)
def test_mistakes_are_one_line(invoke, tmp_path, arguments, message):
    (tmp_path / "empty.py").write_text("x = 1\n")
    (tmp_path / "taken.py").write_text(CLAIM.replace("MINE", "T1"))
    (tmp_path / "broken.py").write_text("1 / 0\n")
    refused = invoke("claims", *arguments)
    assert refused.exit_code == 2
    assert message in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.slow
def test_run_trains_what_is_missing_and_judges_it(invoke, tmp_path: Path):
    shared = 'Request(encodings="rope", tasks="copy", preset="smoke", seeds=(0, 1), multiples=(1,)),'
    (tmp_path / "mine.py").write_text(CLAIM.replace("multiples=(1,)),", f"multiples=(1,)), {shared}"))
    shown = invoke("claims", "mine.py", "--run", "--workers", "1")
    assert shown.exit_code == 0, shown.stderr
    assert sum(1 for _ in Store(tmp_path / "results").trained()) == 4
    assert len(list((tmp_path / "results" / "runs").iterdir())) == 1  # the second run found nothing left to train
    assert "n = 2" in shown.stdout
    again = invoke("claims", "mine.py")
    assert next(line for line in again.stdout.splitlines() if line.startswith("MINE")) in shown.stdout


def test_nothing_is_trained_before_all_runs_are_planned(invoke, tmp_path: Path):
    request = 'Request(checkpoint="missing.gguf"),'
    (tmp_path / "mine.py").write_text(CLAIM.replace("multiples=(1,)),", f"multiples=(1,)), {request}"))
    refused = invoke("claims", "mine.py", "--run", "--workers", "1")
    assert refused.exit_code == 2
    assert "'missing.gguf': no such folder or file" in refused.stderr and refused.stderr.count("\n") == 1
    assert not list(Store(tmp_path / "results").trained())


def test_a_measurement_without_a_source_file_is_refused_before_any_training(invoke, tmp_path: Path):
    exact = 'EXACT = replace(COPYING, id="EXACT", evidence=Exact(measure=partial(dict, copy=1.0), encodings=()))'
    imports = "from dataclasses import replace\nfrom functools import partial\nfrom benchmark.claims.claim import Exact"
    (tmp_path / "mine.py").write_text(f"{imports}\n{CLAIM}\n{exact}\n")
    refused = invoke("claims", "mine.py", "--run", "--workers", "1")
    assert refused.exit_code == 2
    assert "claim EXACT: its measure is " in refused.stderr and refused.stderr.count("\n") == 1


def test_a_pack_that_is_not_there_is_refused(invoke, tmp_path):
    missing = tmp_path / "none.zip"
    result = invoke("claims", "A13", "--results", missing)
    assert result.exit_code == 2 and "no such pack" in result.stderr and not missing.exists()


def test_one_claim_has_no_error_to_share(invoke):
    assert invoke("claims", "A13").stdout.splitlines()[-1] == "1 claim: 1 reproduced."
