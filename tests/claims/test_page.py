"""The page of the ledger and its section in a report; and former verdicts, from what is still on disk."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from benchmark.claims import moves as moving
from benchmark.claims.claim import Bound, Claim, Earlier, Exact
from benchmark.claims.judging import Judgement
from benchmark.claims.ledger import ledger
from benchmark.claims.measuring import measure
from benchmark.claims.moves import moves
from benchmark.claims.page import build, section
from benchmark.claims.registry import registered
from benchmark.reports.draw.graph import graph
from benchmark.reports.draw.thresholds import Strip
from benchmark.reports.page.page import Page, Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.words import speaking
from benchmark.reports.write.report import write, write_report
from benchmark.results.store import Store

CLAIMS = [registered()[id] for id in ("A13", "T1", "T2")]


@pytest.fixture
def store(tmp_path: Path, records: ModuleType) -> Store:
    """T1 is refuted, and T2 has one of its three criteria."""
    values = {name: {1: [5.0] * 9, 2: [5.3] * 9, 4: [5.6] * 9} for name in ("sinusoidal", "rope")}
    found: Store = records.write_values(tmp_path / "results", "corpus", values)
    measure(CLAIMS[0], found)
    return found


def page(store: Store) -> Page:
    judged = ledger(CLAIMS, store)
    return build(judged, moves(judged, store))


def named(found: Page, id: str) -> Section:
    return next(each for each in found.sections if each.id == id)


def test_each_claim_has_a_card(store: Store) -> None:
    found = page(store)
    assert [each.id for each in found.sections] == ["summary", "retested", "a13", "t1", "t2"]
    card = named(found, "t1")
    assert card.title == "T1: refuted"
    assert dict(card.terms)["Source"] == "Attention Is All You Need, section 3.5, https://arxiv.org/abs/1706.03762"
    assert "“may”" in dict(card.terms)["Limits"]
    assert dict(card.terms)["Measured on"] == "corpus: width 64, 2 layers, L = 64, 600 steps"
    (exhibit,) = card.exhibits
    assert (exhibit.measured, len(exhibit.models)) == (18, 9)  # nine seeds of one encoding at two lengths
    assert "0.300" in exhibit.alt and "refuted if > 0.1" in exhibit.alt
    (formula,) = named(found, "a13").exhibits
    assert (formula.title, formula.models, formula.records) == (
        "The formula",
        (),
        "From the formula; nothing is trained",
    )


def test_an_open_claim_says_what_would_decide_it(store: Store) -> None:
    card = named(page(store), "t2")
    assert "Without a value: alibi, t5 and t5, rope." in dict(card.terms)["What would decide it"]
    assert card.code is not None and "--encodings alibi,t5,rope,sinusoidal" in card.code


def test_the_summary_counts_by_paper(store: Store) -> None:
    by_paper, every = named(page(store), "summary").tables
    rows = {fields[0].text: [field.text for field in fields[1:]] for fields in by_paper.rows}
    assert rows["Attention Is All You Need"] == ["—", "T1", "—", "—"]
    assert rows["ALiBi"] == ["—", "—", "T2", "—"]
    assert [row[0].text for row in every.rows] == ["A13", "T1", "T2"]


def test_it_is_written_in_both_languages(store: Store, tmp_path: Path) -> None:
    judged = ledger(CLAIMS, store)
    for language, words in (("en", "T1: refuted"), ("zh", "T1：推翻")):
        with speaking(language):
            paths = write(build(judged, []), tmp_path / language)
        assert words in paths.html.read_text("utf-8")
        assert f"## {words}" in paths.markdown.read_text("utf-8")
        assert (tmp_path / language / "figures" / "t1-values.svg").is_file()
        rows = json.loads(paths.data.read_text("utf-8"))
        assert [row["claim"] for row in rows] == ["A13", "T1", "T2", "T2", "T2"]


def test_a_report_shows_the_claims_that_its_records_judge(store: Store, tmp_path: Path, records: ModuleType) -> None:
    found = section(Selection.of(store))
    assert found is not None
    assert {row[0].text for row in found.tables[0].rows} == {"T1", "T2", "T5"}
    other = records.write_values(tmp_path / "other", "copy", {"fox": {1: [0.5]}})
    assert section(Selection.of(other)) is None
    paths = write_report(store, tmp_path / "report", claims=section)
    assert "## Published claims" in paths.markdown.read_text("utf-8")
    plain = write_report(store, tmp_path / "plain")
    assert "Published claims" not in plain.markdown.read_text("utf-8")


def revised(claim: Claim) -> Claim:
    """The same claim with a threshold that refutes less, and the old one beside it."""
    (old,) = claim.criteria
    new = replace(old, refuted=Bound(above=0.5))
    return replace(claim, criteria=(new,), version=2, earlier=(Earlier(version=1, criteria=(old,), why="too strict"),))


def shown(judged: Sequence[Judgement], store: Store) -> list[tuple[str, str, str, str]]:
    return [(each.claim.id, each.changed, each.before, each.now) for each in moves(judged, store)]


def test_a_changed_threshold_shows_how_the_verdict_moved(store: Store) -> None:
    judged = ledger([revised(registered()["T1"])], store)
    assert shown(judged, store) == [("T1", "version 1 to 2: too strict", "refuted", "inconclusive")]
    assert "too strict" in named(build(judged, moves(judged, store)), "retested").tables[0].rows[0][1].text


def test_records_of_an_earlier_protocol_are_judged_too(tmp_path: Path, records: ModuleType) -> None:
    values = {name: {1: [5.0] * 9, 2: [5.3] * 9} for name in ("sinusoidal", "rope")}
    store = records.write_values(tmp_path, "corpus", values, minutes=60)
    for seed in range(9):
        for name in values:
            new = records.train_record("corpus", name, seed)
            old = new.model_copy(update={"spec": new.spec.model_copy(update={"protocol": new.spec.protocol - 1})})
            store.put(old)
            for length in (64, 128):
                store.put(records.eval_record(old, length), records._arrays_of("corpus", 5.0, length))
    judged = ledger([registered()["T1"]], store)
    protocol = records.train_spec("corpus", "rope", 0).protocol
    assert shown(judged, store) == [("T1", f"protocol {protocol - 1} to {protocol}", "reproduced", "refuted")]


def test_values_of_earlier_code_are_judged_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = (store.root / "claims" / "A13").glob("*.json")
    old = json.loads(path.read_text()) | {"fingerprint": "0" * 8, "values": {"distinct": 512.0}}
    path.with_name("00000000.json").write_text(json.dumps(old))
    (move,) = shown(ledger(CLAIMS[:1], store), store)
    assert move[0] == "A13" and move[1].startswith("measured by earlier code") and move[2:] == ("refuted", "reproduced")
    assert moving.moves([], store) == []


def strip(values: tuple[float, ...], low: float, high: float) -> Strip:
    return Strip(
        title="x",
        values=values,
        median=values[0],
        low=math.nan,
        high=math.nan,
        reproduced=((-math.inf, low),),
        refuted=((high, math.inf),),
    )


def test_a_strip_holds_all_its_numbers() -> None:
    linear, wide = strip((0.3, 0.5), 0.02, 0.1), strip((1e-14,), 1e-10, 1e-6)
    assert (linear.logarithmic, wide.logarithmic) == (False, True)
    for own in (linear, wide):
        low, high = own.ends
        assert low < min(own.numbers) and max(own.numbers) < high


OF_FORMULA = {
    id: claim.evidence.graph
    for id, claim in registered().items()
    if isinstance(claim.evidence, Exact) and claim.evidence.graph
}


@pytest.mark.parametrize("id", OF_FORMULA)
def test_a_graph_shows_the_formula_that_is_measured(id: str) -> None:
    drawn = OF_FORMULA[id]()
    assert all(len(line.x) == len(line.y) and np.isfinite(line.y).all() for line in drawn.lines)
    (axes,) = graph(drawn).axes
    shown = [*axes.get_lines()[len(drawn.marks) :], *axes.collections]
    assert len(shown) == len(drawn.lines)
    for scale, logarithmic in ((axes.get_xscale(), drawn.log_across), (axes.get_yscale(), drawn.log_up)):
        assert scale == ("log" if logarithmic else "linear")


def lines(id: str) -> dict[str, tuple[Sequence[float], Sequence[float]]]:
    return {line.name: (line.x, line.y) for line in OF_FORMULA[id]().lines}


def test_graphs_pass_through_the_values_of_their_claims() -> None:
    """The value that decides is read off the line: a graph cannot show another formula than the one judged."""
    far, near_one = lines("A11")["d = 64"]
    assert max(y for x, y in zip(far, near_one, strict=True) if x > 65) == pytest.approx(0.5816, abs=0.02)
    assert lines("A13")["bfloat16"][1][-1] == 385
    shifts, errors = lines("A12")["bfloat16 throughout"]
    assert errors[list(shifts).index(4096)] == pytest.approx(0.7797, abs=0.001)
    assert all(lines("A5")[f"{at:,}"][1][lines("A5")[f"{at:,}"][0].index(at)] == pytest.approx(1) for at in (64, 500))
    _, wavelengths = lines("A8")["d = 128, L = 4,096"]
    assert sum(2 for each in wavelengths if each <= 1) == 92
    assert (lines("A10")["ntk"][1][0], lines("A10")["ntk"][1][-1]) == pytest.approx((1, 4))
    assert lines("A3")["d = 64"][1] == pytest.approx(lines("A3")["d = 64"][1][::-1])
    here, published = lines("A18")["here"], lines("A18")["Du et al. 2026"]
    assert here[1][0] == pytest.approx(published[1][0], abs=0.02)
    assert here[1][-1] == pytest.approx(published[1][-1], abs=0.02)
