"""`choose`: the shortlist is the verdict's, constraints are the known facts, and what is unknown is said."""

import json
import shutil

import pytest

from benchmark.cli.verbs import choose
from benchmark.encodings import CATALOGUE, measured
from benchmark.reports.page.choosing import Choice
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.wishes import Wishes
from benchmark.reports.stats.verdict import Who
from benchmark.results.store import Store

RANGE = range(9)


@pytest.fixture(scope="module")
def known(records, tmp_path_factory):
    """Copying: alibi beats rope and t5 at 4 L. Recall: rope and alibi alternate, t5 is worse, learned ends at L."""
    root = tmp_path_factory.mktemp("known")
    near = {"rope": [0.9] * 9, "alibi": [0.9] * 9, "t5": [0.9] * 9}
    copying = {"rope": [0.50] * 9, "alibi": [0.80] * 9, "t5": [0.40] * 9}
    recall = {"rope": [0.70 + 0.05 * (seed % 2) for seed in RANGE], "alibi": [0.73] * 9, "t5": [0.30] * 9}
    for task, far in (("copy", copying), ("recall-mqar", recall)):
        records.write_values(root, task, {name: {1: near[name], 4: far[name]} for name in near})
    records.write_values(root, "recall-mqar", {"learned": {1: [0.9] * 9, 4: [float("nan")] * 9}})
    return root


def answer(root, needs: str, past: float = 4, **wishes) -> Choice:
    return Choice.of(Selection.of(Store(root)), needs.split(","), past, Wishes(**wishes))


def names(choice: Choice) -> list[str]:
    return [who.encoding for who in choice.shortlist]


def test_the_shortlist_has_whom_no_task_rules_out(known):
    assert names(answer(known, "copy")) == ["alibi"]
    assert names(answer(known, "recall")) == ["alibi", "rope"]  # by their means: .73 and .72
    assert names(answer(known, "copy,recall")) == ["alibi"]
    assert set(names(answer(known, "copy,recall", past=1))) == {"alibi", "rope", "t5"}


def test_it_is_that_of_the_report(known):
    selection = Selection.of(Store(known))
    for panel in selection.panels:
        choice = Choice.of(selection, [panel.task], 4, Wishes())
        assert set(choice.shortlist) == set(selection.verdict(panel, 4 * panel.train_length).candidates)


def test_constraints_leave_some_out_before_the_verdict(known):
    fused = answer(known, "copy", fused=True)
    assert names(fused) == ["rope"]  # of those that keep the kernel
    assert fused.unmet == {"alibi": "kernel: masked", "t5": "kernel: masked"}
    assert "rope is the only one measured that meets the constraints" in fused.judged[0].outcome


def test_no_more_is_shown_among_few_than_in_the_whole_column(records, tmp_path):
    """Six seeds would do for two encodings; but the column has three."""
    values = {"rope": [0.9] * 6, "xpos": [0.5] * 6, "alibi": [0.7] * 6}
    records.write_values(tmp_path, "copy", {name: {1: own} for name, own in values.items()})
    assert names(answer(tmp_path, "copy", past=1, fused=True)) == ["rope", "xpos"]


def test_what_speaks_against_the_others(known):
    choice = answer(known, "copy,recall")
    assert choice.ruled_out == {
        "learned": "no value on recall-mqar (unsupported)",
        "rope": "shown to do worse on copy",
        "t5": "shown to do worse on copy, shown to do worse on recall-mqar",
    }
    assert "learned: not measured on copy." in list(choice.unknown)


def test_unmeasured_encodings_are_named_and_never_recommended(known):
    choice = answer(known, "copy", fused=True, cached=True)
    told = next(line for line in choice.unknown if line.startswith("How good these are"))
    facts = measured()
    fit = {name for name in facts if facts[name]["kernel"] == "fused" and facts[name]["kv_bytes"] is not None}
    special = {
        entry.name
        for entry in CATALOGUE.entries()
        if entry.attributes.get("numbers") or entry.attributes.get("segments")
    }
    assert set(choice.unmeasured) == fit - special - {"rope"}
    assert set(told.rstrip(".").partition("at 4 L: ")[2].split(", ")) == set(choice.unmeasured)
    assert not set(names(choice)) & set(choice.unmeasured)


def test_a_task_that_lacks_the_length_or_the_records_is_unknown(known, records, tmp_path):
    shutil.copytree(known, tmp_path / "more")
    records.write_values(tmp_path / "more", "offset-recall", {name: {1: [0.9] * 9} for name in ("rope", "alibi")})
    told = list(answer(tmp_path / "more", "copy,relative,parity").unknown)
    assert "offset-recall: not measured at 4 L, only at L." in told
    assert "parity: these results have no such task." in told


def test_facts_hold_for_defaults_only(records, tmp_path):
    records.write_values(tmp_path, "copy", {name: {1: [0.9] * 9} for name in ("rope", "rope:base=500")})
    choice = answer(tmp_path, "copy", past=1, fused=True)
    assert names(choice) == ["rope"]
    assert "rope:base=500: whether it meets the constraints (only measured at its defaults)." in list(choice.unknown)
    assert names(answer(tmp_path, "copy", past=1, trained=True)) == ["rope", "rope:base=500"]


@pytest.mark.parametrize(
    ("wishes", "label", "expected"),
    [
        ({"fused": True}, "rope", ("met", "")),
        ({"fused": True}, "alibi", ("unmet", "kernel: masked")),
        ({"cached": True}, "ntk-dynamic", ("unmet", "no KV cache")),
        ({"trained": True}, "yarn", ("unmet", "applied at test time")),
        ({"checkpoint": True}, "yarn", ("met", "")),
        ({"checkpoint": True}, "none", ("met", "")),
        ({"checkpoint": True}, "alibi", ("unmet", "not for a RoPE checkpoint")),
        ({"kv_bytes": 31}, "fox", ("unmet", "32 more KV bytes")),
        ({"kv_bytes": 32}, "fox", ("met", "")),
        ({"operations": 10.0}, "dape", ("unmet", "236% more operations")),
        ({"operations": 10.0}, "learned", ("unmet", "ends before 16 L")),
        ({"cached": True}, "mine.py", ("unknown", "not installed here")),
        ({}, "mine.py", ("met", "")),
    ],
    ids=str,
)
def test_wishes(wishes, label, expected):
    assert Wishes(**wishes).judge(label) == expected


def test_a_lone_best_is_not_said_to_beat_those_at_the_floor(records, tmp_path):
    """rope is above chance and t5 at it; two seeds cannot show that rope does better."""
    records.write_values(tmp_path, "copy", {"rope": {1: [0.9] * 2}, "t5": {1: [0.05] * 2}})
    (judged,) = answer(tmp_path, "copy", past=1).judged
    assert judged.verdict.candidates == (Who("rope", "rope"),)
    assert "rope may be the best; guessing or a shortcut explains the others" in judged.outcome


# The command


def test_the_answer_in_words(invoke, known):
    outcome = invoke("choose", "--need", "copy,recall", "--past", 4, "--results", known)
    assert outcome.exit_code == 0
    lines = outcome.stdout.splitlines()
    assert lines[1].startswith("encoding  copy, 4 L") and lines[2].startswith("alibi     0.80 [0.80, 0.80]")
    assert (
        "- copy: At 4 L, the best of them is alibi: every other one is shown to do worse. [token acc" in outcome.stdout
    )
    assert "3 encodings, 9 seeds; L = 16; model: 2 layers, width 64, 4 heads; 600 steps of 32 rows" in outcome.stdout
    assert "protocol 3]" in outcome.stdout and "\nUnknown\n" in outcome.stdout


def test_the_answer_in_chinese(invoke, known):
    outcome = invoke("choose", "--need", "copy", "--past", 4, "--results", known, "--lang", "zh")
    assert outcome.stdout.startswith("候选：") and "Unknown" not in outcome.stdout and "未知" in outcome.stdout


def test_the_answer_for_programs(invoke, known):
    found = json.loads(
        invoke("choose", "--need", "copy", "--past", 4, "--fused", "--results", known, "--format", "json").stdout
    )
    assert [row["encoding"] for row in found["shortlist"]] == ["rope"] and found["constraints"]["fused"] is True
    assert found["tasks"][0]["candidates"] == [{"trained_with": "rope", "encoding": "rope"}]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--need", "copy", "--past", "3"], "have copy only at 1, 4 times L"),
        (["--need", "parity"], "have only copy, recall-mqar"),
        (["--need", "rcall"], "did you mean 'recall'?"),
        (["--need", "copy,"], "an empty item"),
        ([], "Missing option '--need'"),
        (["--need", "copy", "--past", "0"], "--past"),
    ],
)
def test_bad_questions_are_one_line(invoke, known, arguments, told):
    outcome = invoke("choose", *arguments, "--results", known)
    assert outcome.exit_code == 2 and outcome.stderr.count("\n") == 1 and told in outcome.stderr


def test_by_default_the_reference_run_answers(invoke):
    outcome = invoke("choose", "--need", "recall,text", "--past", 8, "--fused", "--cached")
    assert outcome.exit_code == 0 and "360 steps of 16 rows" in outcome.stdout


def test_an_installed_package_says_that_it_has_no_reference_run(invoke, monkeypatch, tmp_path):
    monkeypatch.setattr(choose, "SHIPPED", tmp_path / "results" / "reference.zip")
    outcome = invoke("choose", "--need", "copy")
    assert outcome.exit_code == 2 and "comes with the repository, not with the installed package" in outcome.stderr
