"""Exact values are measured once for each state of the code, kept as records, and never trusted without one."""

import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.claims import measuring
from benchmark.claims.claim import Bound, Claim, Criterion, Exact, Source, imported
from benchmark.claims.ledger import ledger
from benchmark.claims.registry import registered
from benchmark.errors import UsageError
from benchmark.results.measured import of_claim
from benchmark.results.store import Store

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


def test_an_edited_encoding_is_measured_again(monkeypatch: pytest.MonkeyPatch) -> None:
    claim, before = registered()["A1"], measuring.state_of(registered()["A1"])
    assert before == measuring.state_of(replace(claim, sentence="Another sentence.", silent=""))
    other = Exact(measure=imported("rotation:shift"), encodings=("rope:base=500000", "xpos"))
    assert before != measuring.state_of(replace(claim, evidence=other))


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
