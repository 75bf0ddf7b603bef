"""The table at the end of a run: what must be known before two encodings are compared stands in it."""

from benchmark.cli.terminal.summary import show_findings, show_summary
from benchmark.cli.verbs import run
from benchmark.experiments.plan import make_plan
from benchmark.experiments.request import Request
from benchmark.reports.page.findings import findings
from benchmark.reports.page.selection import Selection
from benchmark.results.store import Store


def shown(capsys, root):
    show_summary(Store(root))
    *rows, note = capsys.readouterr().out.splitlines()
    return [[field for field in row.split("  ") if field] for row in rows], note


def test_it_says_what_is_applied_at_test_time_and_what_is_in_a_league_of_its_own(capsys, leagues):
    rows, note = shown(capsys, leagues)
    assert [row[2].strip() for row in rows] == ["encoding", "pi (on rope)", "rope", "digits (reads digits)"]
    marks = [row[3].split()[-1] for row in rows[1:]]
    assert marks[0] == "?" and not {*marks[1:]} & {"*", "=", "?"}  # one seed; the best mean comes first
    assert "(on ..): applied at test time, no further training" in note
    assert "(reads digits): a league of its own" in note


def test_it_explains_nothing_that_is_not_there(capsys, results):
    rows, note = shown(capsys, results)
    assert len(rows) == 1 + 4 * 3
    assert "further training" not in note and "league" not in note


def test_of_nothing_nothing_is_shown(capsys, results, tmp_path):
    diverged = next(path for path in results.glob("cells/*/train.json") if b'"diverged"' in path.read_bytes())
    copied = tmp_path / "cells" / diverged.parent.name / "train.json"
    copied.parent.mkdir(parents=True)
    copied.write_bytes(diverged.read_bytes())
    show_summary(Store(tmp_path))
    assert capsys.readouterr().out == ""


def test_each_tasks_best_comes_first_and_marks_are_explained_if_there(capsys, results):
    rows, note = shown(capsys, results)
    assert [row[2].strip() for row in rows if row[0].strip() == "copy"] == ["alibi", "rope", "learned"]
    assert "? highest mean (of a loss, the lowest), not yet tested, no mark says nothing" in note
    assert "* best" not in note and "= among" not in note


def test_what_a_shortcut_explains_has_a_sign_and_the_shortcut_is_named(capsys, records, tmp_path):
    values = {"rope": {1: [0.9] * 3, 2: [0.42] * 3}, "alibi": {1: [0.8] * 3, 2: [0.05] * 3}}
    records.write_values(tmp_path, "copy", values, shortcuts={"repeat": 0.4})
    rows, note = shown(capsys, tmp_path)
    assert [[field.split()[-1] == "~" for field in row[3:5]] for row in rows[1:]] == [[False, True], [False, False]]
    assert "~ explained by a shortcut" in note
    assert note.endswith("best shortcut: copy at 16, repeat (0.40); copy at 32, repeat (0.40)")


def test_findings_are_a_line_a_need_and_more_than_six_are_counted(capsys):
    show_findings([(f"need {number}", "At L, rope is best.") for number in range(8)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "need 0: At L, rope is best."
    assert lines[6:] == ["and 2 more: see the report"]


def test_a_run_ends_with_the_sentences_of_its_report(capsys, records, tmp_path):
    store = records.write_example(tmp_path / "results", tasks=("copy",), multiples=(1, 4), seeds=2, trouble=False)
    plan = make_plan(Request(encodings="rope,alibi", tasks="copy", preset="smoke"))
    run.write(plan, store, tmp_path / "out", "plain", "alibi")
    *_, said, early, where = capsys.readouterr().out.splitlines()
    (_, sentences), _ = findings(Selection.of(store))
    assert said == f"Copying · copy: {sentences}"
    assert early == "Ends early: learned ends at L."
    assert where == f"report: {tmp_path / 'out' / 'index.html'}"
