"""`compare`: the numbers of the panels, who can be compared, and the files."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmark.cli.terminal import two_encodings as compare
from benchmark.reports.tables.values import metric_table
from benchmark.results.store import Store


@pytest.fixture(scope="module")
def table(results):
    return metric_table(Store(results))


def panel(table, first, second, task):
    shared = compare.comparable(table[table["task"] == task], first, second)
    (only,) = compare.panels(shared, first, second)
    return only


def test_the_difference_is_the_paired_t_interval(table):
    rows = table[table["headline"] & (table["task"] == "corpus") & (table["length"] == 512)].set_index("seed")
    rope, alibi = (rows[rows["encoding"] == name]["value"].sort_index() for name in ("rope", "alibi"))
    expected = stats.ttest_rel(rope, alibi)
    low, high = expected.confidence_interval(0.95)
    row = next(row for row in panel(table, "rope", "alibi", "corpus").rows if row["length"] == 512)
    assert row["difference"] == f"{np.mean(rope - alibi):+.3f} [{low:+.3f}, {high:+.3f}]"
    assert (row["n"], row["better"], row["multiple"]) == (3, "alibi", "8")


def test_a_diverged_seed_leaves_two(table):
    assert [row["n"] for row in panel(table, "rope", "alibi", "copy").rows] == [2] * 5
    assert "over 2 seeds" in panel(table, "rope", "alibi", "copy").heading


def test_unsupported_lengths_are_a_dash(table):
    rows = panel(table, "rope", "learned", "copy").rows
    assert [row["second"] == "—" for row in rows] == [False, True, True, True, True]
    assert [row["difference"] == "—" for row in rows] == [False, True, True, True, True]
    assert rows[0]["better"] == "not shown to differ"


def test_swapping_the_two_turns_the_sign(table):
    one = panel(table, "rope", "alibi", "corpus").rows[-1]
    other = panel(table, "alibi", "rope", "corpus").rows[-1]
    assert one["difference"].startswith("+0.")
    assert other["difference"].split()[0] == one["difference"].split()[0].replace("+", "-")
    assert one["better"] == other["better"] == "alibi"


def test_settings_are_not_mixed(table):
    """Another budget is another experiment: of the shared settings of a task the newest counts."""
    older = table[(table["task"] == "copy")].copy()
    older["setting"], older["created"] = "older", older["created"] - pd.Timedelta(days=1)
    alone = table[(table["task"] == "copy") & (table["encoding"] == "rope")].copy()
    alone["setting"], alone["created"] = "newer", alone["created"] + pd.Timedelta(days=1)
    shared = compare.comparable(pd.concat([table, older, alone]), "rope", "alibi")
    kept = set(shared[shared["task"] == "copy"]["setting"])
    assert kept == set(table[table["task"] == "copy"]["setting"])


def test_every_trained_length_of_a_task_is_compared(table):
    longer = table[table["task"] == "copy"].copy()
    longer["setting"], longer["train_length"] = "longer", 999
    shared = compare.comparable(pd.concat([table, longer]), "rope", "alibi")
    assert set(shared[shared["task"] == "copy"]["train_length"]) == {16, 999}


def test_the_terminal_shows_every_task(invoke, results):
    result = invoke("compare", "rope", "alibi", "--results", results)
    assert result.exit_code == 0
    for task in ("copy", "corpus", "offset-recall", "recall-mqar"):
        assert f"\n{task}: " in f"\n{result.output}"
    assert "● rope" in result.output
    assert "rope - alibi" in result.output


def test_a_task_that_one_of_them_lacks_is_named(table):
    lacking = table[~((table["task"] == "copy") & (table["encoding"] == "alibi"))]
    shared = compare.comparable(lacking, "rope", "alibi")
    lines = list(compare.left_out(lacking, shared, ["rope", "alibi"]))
    assert lines == ["not comparable on copy: only 'rope' was run"]


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [
        ("rope", "rope", "both encodings are 'rope'"),
        ("rope", "alibbi", "unknown encoding 'alibbi'; did you mean 'alibi'?"),
        ("rope", "none", "no results for 'none'"),
        ("rope", "rope:bse=3", "did you mean 'base'?"),
        ("rope", "missing.py", "no file 'missing.py'"),
        ("rope", "rope:base=10000", "are the same encoding, 'rope'"),
    ],
)
def test_wrong_names_are_one_line(invoke, results, first, second, wanted):
    result = invoke("compare", first, second, "--results", results)
    assert result.exit_code == 2
    assert wanted in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_spelled_out_default_is_the_same_encoding(invoke, results):
    plain = invoke("compare", "rope", "alibi", "--results", results)
    spelled = invoke("compare", "rope:base=10000", "alibi", "--results", results)
    assert spelled.output == plain.output


def test_no_common_ground_is_said(invoke, results, monkeypatch):
    monkeypatch.setattr(compare, "comparable", lambda table, *_: table.head(0))
    result = invoke("compare", "rope", "alibi", "--results", results)
    assert result.exit_code == 2
    assert "nothing to compare" in result.stderr
    assert "python -m benchmark run --encodings rope,alibi" in result.stderr


def test_files_hold_the_figures_and_the_tables(table, tmp_path):
    shared = compare.comparable(table[table["task"].isin(["copy", "corpus"])], "rope", "alibi")
    paths = list(compare.write(shared, "rope", "alibi", tmp_path / "out"))
    figures = {"compare-rope-alibi-copy-16.svg", "compare-rope-alibi-corpus-64.svg"}
    assert {path.name for path in paths} == {*figures, "compare-rope-alibi.csv", "compare-rope-alibi.md"}
    assert len(pd.read_csv(tmp_path / "out" / "compare-rope-alibi.csv")) == 2 * 5
    text = (tmp_path / "out" / "compare-rope-alibi.md").read_text()
    assert "\n| 16 | 1 | 0.9" in text
    for name in figures:
        assert f"]({name})" in text
        assert "<svg" in (tmp_path / "out" / name).read_text()


def test_the_folder_of_the_files_is_named(invoke, results, tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "write", lambda *given: iter(given[1:]))
    result = invoke("compare", "rope", "alibi", "--results", results, "--out", tmp_path / "out")
    assert result.output.endswith(f"wrote rope\nwrote alibi\nwrote {tmp_path / 'out'}\n")


def test_an_encodings_name_is_safe_in_a_files_name():
    assert compare.safe("compare-rope:base=5e5-../x") == "compare-rope_base_5e5-___x"


@pytest.mark.parametrize(
    ("first", "second", "wanted"),
    [(0.0, 1.0, "●○"), (1.0, 0.0, "○●"), (0.5, math.nan, "●"), (0.5, 0.5, "◉"), (math.nan, math.nan, "")],
)
def test_marks_lie_in_the_order_of_the_values(first, second, wanted):
    line = compare.track(first, second, 0.0, 1.0)
    assert len(line) == compare.TRACK_WIDTH
    assert line.replace("·", "") == wanted


def test_the_marks_use_the_whole_axis():
    line = compare.track(-3.0, 7.0, -3.0, 7.0)
    assert (line[0], line[-1]) == ("●", "○")
    assert compare.track(2.0, 2.0, 2.0, 2.0).replace("·", "") == "◉"


def test_a_bar_in_a_name_does_not_break_the_markdown_table():
    drawn = compare.markdown(
        compare.Panel(task="t", setting="s", train_length=7, heading="h", columns={"a": "x|y"}, rows=[{"a": "1|2"}])
    )
    assert r"| x\|y |" in drawn
    assert r"| 1\|2 |" in drawn
