"""Exact values are measured once for each state of the code, kept as records, and never trusted without one."""

import functools
import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.claims import measuring
from benchmark.claims.claim import Bound, Claim, Criterion, Exact, Source
from benchmark.claims.ledger import ledger
from benchmark.claims.registry import registered
from benchmark.errors import UsageError
from benchmark.results.measured import of_claim
from benchmark.results.store import Store

PACKAGE = Path(measuring.__file__).parents[1]
TINY = registered()["A13"]


@pytest.mark.parametrize("id", [id for id, claim in registered().items() if isinstance(claim.evidence, Exact)])
def test_every_exact_claim_names_a_function(id: str) -> None:
    evidence = registered()[id].evidence
    assert isinstance(evidence, Exact)
    module = importlib.import_module(evidence.measure.__module__)
    assert callable(getattr(module, evidence.measure.__name__))


def test_a_value_is_kept_and_judged_from_its_record(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert (measuring.missing([TINY], store), ledger([TINY], store)[0].word) == ([TINY], "inconclusive")
    record = measuring.measure(TINY, store)
    assert of_claim(store, "A13") == [record]
    assert record.values == {"distinct": 385.0}
    assert (measuring.missing([TINY], store), ledger([TINY], store)[0].word) == ([], "reproduced")


def test_a_planted_record_flips_the_verdict(tmp_path: Path) -> None:
    store = Store(tmp_path)
    measuring.measure(TINY, store)
    (path,) = (tmp_path / "claims" / "A13").glob("*.json")
    path.write_text(path.read_text().replace("385.0", "512.0"))
    assert ledger([TINY], store)[0].word == "refuted"


def test_values_of_other_code_do_not_count_and_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    measuring.measure(TINY, store)
    monkeypatch.setattr(measuring, "fingerprint", lambda *_: "other code")
    assert measuring.missing([TINY], store) == [TINY]
    measuring.measure(TINY, store)
    assert len(of_claim(store, "A13")) == 2


# In a copy of the package: the claims whose state changes when a line is added to each file in turn.
EDITS = """
import json, sys
from pathlib import Path
from benchmark.claims.measuring import state_of
from benchmark.claims.registry import chosen

claims = chosen(["A1", "A13", "A20", "mine.py"])
before, changed = [state_of(claim) for claim in claims], {}
for name in sys.argv[1:]:
    file = Path(name)
    text = file.read_text()
    file.write_text(text + "\\nEDITED = True\\n")
    changed[name] = [claim.id for claim, old in zip(claims, before) if state_of(claim) != old]
    file.write_text(text)
print(json.dumps(changed))
"""
MINE = """
from benchmark.claims.claim import Bound, Claim, Criterion, Exact, Source
from own_helper import measure

MINE = Claim(
    id="MINE",
    sentence="",
    source=Source(paper="", place="", url=""),
    criteria=(Criterion(name="one", quantity="", reproduced=Bound(above=0), refuted=Bound(below=0)),),
    evidence=Exact(measure=measure, encodings=("alibi",)),
    scale="",
    silent="",
)
"""


def test_edited_code_is_measured_again(tmp_path: Path) -> None:
    """The claims that an edit of each file concerns: A1 (rope, xpos), A13 (sinusoidal), A20 (all) and a user's."""
    shutil.copytree(PACKAGE, tmp_path / "benchmark", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "own_helper.py").write_text("def measure():\n    return {'one': 1.0}\n")
    everyone = ["A1", "A13", "A20", "MINE"]
    concerned = {
        "benchmark/encodings/rope.py": ["A1", "A20"],
        "benchmark/encodings/alibi.py": ["A20", "MINE"],
        "benchmark/encodings/bases.py": everyone,
        "benchmark/encodings/encoding.py": everyone,
        "benchmark/claims/measures/rotation.py": everyone,
        "benchmark/claims/measures/causality.py": everyone,
        "benchmark/model/attention.py": everyone,
        "benchmark/checks/subject.py": everyone,
        "benchmark/seeds.py": everyone,
        "own_helper.py": ["MINE"],
        "benchmark/reports/words.py": [],
    }
    command = [sys.executable, "-c", EDITS, *concerned]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == concerned


def test_new_words_are_no_reason_to_measure_again() -> None:
    claim = registered()["A1"]
    assert measuring.state_of(claim) == measuring.state_of(replace(claim, sentence="Another sentence.", silent=""))


@pytest.mark.parametrize("measure", [functools.partial(dict, one=1.0), {"one": 1.0}.copy])
def test_a_measurement_without_a_source_file_is_refused(measure: Callable[[], dict[str, float]]) -> None:
    claim = replace(own({}), evidence=Exact(measure=measure, encodings=()))
    with pytest.raises(UsageError, match=r"claim X: its measure is .*; define a function in the claim's file"):
        measuring.state_of(claim)


def test_an_unreadable_record_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    measuring.measure(TINY, store)
    (path,) = (tmp_path / "claims" / "A13").glob("*.json")
    path.write_text("{}")
    assert of_claim(store, "A13") == []
    assert "skipped" in store.problems[0]


def own(values: object) -> Claim:
    def measure() -> dict[str, float]:
        if isinstance(values, Exception):
            raise values
        return values  # type: ignore[return-value]

    criterion = Criterion(name="one", quantity="", reproduced=Bound(above=0), refuted=Bound(below=0))
    source = Source(paper="", place="", url="")
    evidence = Exact(measure=measure, encodings=())
    return Claim(id="X", sentence="", source=source, criteria=(criterion,), evidence=evidence, scale="", silent="")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (ZeroDivisionError("by nothing"), "claim X: measuring it failed: ZeroDivisionError: by nothing"),
        ({"two": 1.0}, r"claim X: its measurement gave \['two'\], but its criteria are \['one'\]"),
    ],
)
def test_a_measurement_that_fails_is_one_line(values: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=message):
        measuring.measure(own(values), Store(tmp_path))
