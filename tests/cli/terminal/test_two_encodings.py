"""`compare`: the numbers of the panels, who can be compared, and the files."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmark.cli.terminal import two_encodings as compare
from benchmark.reports.page import two_encodings
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.two_encodings import comparable, paired_panels
from benchmark.results.store import Store


@pytest.fixture(scope="module")
def selection(results):
    return Selection.of(Store(results))


@pytest.fixture(scope="module")
def eight(records, tmp_path_factory):
    return Selection.of(records.write_example(tmp_path_factory.mktemp("eight"), seeds=8, tasks=("corpus", "copy")))


def panel(selection, first, second, task):
    chosen = comparable(selection, first, second)
    (only,) = (
        each
        for each in compare.panels(chosen, paired_panels(chosen, first, second))
        if each.pairs[0].panel.task == task
    )
    return only


def headline(selection, task, length, name):
    rows = selection.frame
    own = rows[rows["headline"] & (rows["task"] == task) & (rows["length"] == length) & (rows["encoding"] == name)]
    return own.set_index("seed")["value"].sort_index()


def test_three_seeds_show_nothing_and_say_what_could(selection):
    rope, alibi = (headline(selection, "corpus", 512, name) for name in ("rope", "alibi"))
    differences = sorted(rope - alibi)
    row = next(row for row in panel(selection, "rope", "alibi", "corpus").rows if row["length"] == 512)
    assert row["difference"] == f"{differences[1]:+.3f} ({differences[0]:+.3f} to {differences[2]:+.3f})"
    assert (row["better"], row["multiple"]) == ("alibi on 3 of 3", "8")
    # learned ends at L, so two encodings are left, and a clean sweep of 6 seeds is shown.
    assert row["verdict"] == "not decided: 3 more seeds could show it"


def test_eight_seeds_show_who_does_better_with_the_reports_own_interval(eight):
    (row,) = (row for row in panel(eight, "rope", "alibi", "copy").rows if row["length"] == 64)
    (pair,) = (pair for pair in panel(eight, "rope", "alibi", "copy").pairs if pair.length == 64)
    differences = sorted((headline(eight, "copy", 64, "rope") - headline(eight, "copy", 64, "alibi")).dropna())
    assert len(differences) == 7  # alibi's training on seed 1 diverged
    assert row["verdict"] == "alibi does better on most seeds" and row["better"] == "alibi on 7 of 7"
    assert pair.effect.value == pytest.approx(differences[3])
    assert pair.effect.low < differences[0] and differences[-1] < pair.effect.high  # widened by the test rows
    assert "[95 % interval]" in panel(eight, "rope", "alibi", "copy").columns["difference"]


def test_the_verdict_is_that_of_the_whole_column_and_of_the_report(eight):
    """Two encodings alone need 6 seeds, three need 7."""
    six = eight.frame["seed"] < 6
    among_three = replace(eight, frame=eight.frame[six])
    alone = replace(eight, frame=eight.frame[six & (eight.frame["encoding"] != "alibi")])
    said = [panel(each, "rope", "learned", "corpus").rows[0]["verdict"] for each in (among_three, alone)]
    assert said == ["not decided: 1 more seed could show it", "rope does better on most seeds"]
    for pair in panel(eight, "rope", "alibi", "corpus").pairs:
        verdict = eight.verdict(pair.panel, pair.length)
        duel = verdict.duel(pair.first.who, pair.second.who)
        assert pair.better == (duel.winner.encoding if duel.winner else "")


def test_a_diverged_seed_leaves_two(selection):
    assert [row["better"] for row in panel(selection, "rope", "alibi", "copy").rows] == ["alibi on 2 of 2"] * 5
    assert "of 2 to 3 seeds" in panel(selection, "rope", "alibi", "copy").heading


def test_past_the_last_length_of_one_it_is_said_where_it_ends(selection):
    rows = panel(selection, "rope", "learned", "copy").rows
    assert [row["second"] == "—" for row in rows] == [False, True, True, True, True]
    assert [row["difference"] == "—" for row in rows] == [False, True, True, True, True]
    assert [row["verdict"] for row in rows[1:]] == ["learned ends at L"] * 4
    assert rows[0]["verdict"].startswith("not decided: ")


def test_swapping_the_two_turns_the_sign(eight):
    one = panel(eight, "rope", "alibi", "corpus").rows[-1]
    other = panel(eight, "alibi", "rope", "corpus").rows[-1]
    assert one["difference"].startswith("+0.")
    assert other["difference"].split()[0] == one["difference"].split()[0].replace("+", "-")
    assert one["verdict"] == other["verdict"] == "alibi does better on most seeds"
    assert one["better"] == other["better"] == "alibi on 8 of 8"


def changed(selection, task, values, **columns):
    """The selection with the headline values of a task replaced by encoding, at its trained length, seed by seed."""
    frame = selection.frame.copy()
    for name, own in values.items():
        of = frame["headline"] & (frame["task"] == task) & (frame["encoding"] == name) & (frame["multiple"] == 1)
        frame.loc[of, "value"] = [own[seed] for seed in frame[of]["seed"]]
    return replace(selection, frame=frame.assign(**columns))


def test_alike_and_chance_are_said(eight):
    alike = changed(eight, "copy", {"rope": [0.96] * 8, "learned": [0.95] * 8})
    row = panel(alike, "rope", "learned", "copy").rows[0]
    assert row["verdict"] == "rope does better on most seeds (within 0.02 on every seed)"
    # .05 ** (1 / 8) = .688
    mixed = changed(eight, "copy", {"rope": [0.96, 0.94] * 4, "learned": [0.95] * 8})
    row = panel(mixed, "rope", "learned", "copy").rows[0]
    assert row["verdict"] == "alike: within 0.02 on every seed, so on at least 69 % of all"
    assert row["better"] == "each on 4 of 8"
    guessed = changed(eight, "copy", {"rope": [0.05, 0.02] * 4, "learned": [0.02, 0.05] * 4})
    assert panel(guessed, "rope", "learned", "copy").rows[0]["verdict"] == "explained by chance"


def test_a_shortcut_is_named_beside_the_verdict_that_it_explains(eight):
    values = {"rope": [0.42, 0.41] * 4, "learned": [0.41, 0.42] * 4}
    ruled = replace(eight, frame=eight.frame.assign(shortcut=0.4, shortcut_name="repeat"))
    found = panel(changed(ruled, "copy", values), "rope", "learned", "copy")
    pair = found.pairs[0]
    assert found.rows[0]["verdict"] == pair.said == "explained by a shortcut: repeat"
    assert 'best shortcut "repeat" 0.40' in found.heading
    flat = pair.flat()
    assert (flat["shortcut"], flat["shortcut_name"], flat["verdict"]) == (0.4, "repeat", "explained by a shortcut")
    assert flat["explained_by_shortcut"] and not flat["explained_by_chance"]
    better = panel(changed(ruled, "copy", {"rope": [0.42] * 8, "learned": [0.1] * 8}), "rope", "learned", "copy")
    assert better.rows[0]["verdict"] == "rope does better on most seeds (a shortcut explains both: repeat)"


def test_leagues_are_not_judged_against_each_other(eight):
    frame = eight.frame.assign(league=np.where(eight.frame["encoding"] == "alibi", "reads digits", ""))
    row = panel(replace(eight, frame=frame), "rope", "alibi", "corpus").rows[-1]
    assert row["verdict"] == "not judged: other leagues"
    assert row["better"] == "alibi on 8 of 8" and " to " in row["difference"]


def test_an_adaptation_on_two_bases_is_two_panels(eight):
    frame = eight.frame
    bases = [frame[frame["encoding"] == base].assign(encoding="pi") for base in ("rope", "learned")]
    both = replace(eight, shown=pd.concat([frame, *bases]))
    found = compare.panels(both, paired_panels(both, "alibi", "pi"))
    names = [(each.pairs[0].panel.task, each.pairs[0].second.name) for each in found]
    assert names == [(task, f"pi (on {base})") for task in ("copy", "corpus") for base in ("learned", "rope")]


def test_settings_are_not_mixed(selection):
    """Another budget is another experiment: of the shared settings of a task the newest counts."""
    table = selection.frame
    older = table[(table["task"] == "copy")].copy()
    older["setting"], older["created"] = "older", older["created"] - pd.Timedelta(days=1)
    alone = table[(table["task"] == "copy") & (table["encoding"] == "rope")].copy()
    alone["setting"], alone["created"] = "newer", alone["created"] + pd.Timedelta(days=1)
    shared = comparable(replace(selection, frame=pd.concat([table, older, alone])), "rope", "alibi").shown
    kept = set(shared[shared["task"] == "copy"]["setting"])
    assert kept == set(table[table["task"] == "copy"]["setting"])


def test_the_setting_that_the_report_shows_comes_before_a_newer_one(selection):
    table = selection.frame
    newer = table[(table["task"] == "copy")].copy()
    newer["setting"], newer["created"] = "newer", newer["created"] + pd.Timedelta(days=1)
    both = replace(selection, frame=pd.concat([table, newer]))
    shared = comparable(both, "rope", "alibi").shown
    assert "newer" not in set(shared["setting"])
    unshown = replace(both, shown=table[table["task"] != "copy"])
    assert "newer" in set(comparable(unshown, "rope", "alibi").shown["setting"])


def test_every_trained_length_of_a_task_is_compared(selection):
    longer = selection.frame[selection.frame["task"] == "copy"].copy()
    longer["setting"], longer["train_length"] = "longer", 999
    both = replace(selection, frame=pd.concat([selection.frame, longer]))
    shared = comparable(both, "rope", "alibi").shown
    assert set(shared[shared["task"] == "copy"]["train_length"]) == {16, 999}


def test_the_terminal_shows_every_task(invoke, results):
    result = invoke("compare", "rope", "alibi", "--results", results)
    assert result.exit_code == 0
    for task in ("copy", "corpus", "offset-recall", "recall-mqar"):
        assert f"\n{task}: " in f"\n{result.output}"
    assert "● rope" in result.output
    assert "rope - alibi, median (lowest to highest)" in result.output


def test_a_task_that_one_of_them_lacks_is_named(selection):
    table = selection.frame
    lacking = table[~((table["task"] == "copy") & (table["encoding"] == "alibi"))]
    shared = comparable(replace(selection, frame=lacking), "rope", "alibi").shown
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
    monkeypatch.setattr(two_encodings, "comparable", lambda given, *_: replace(given, shown=given.shown.head(0)))
    result = invoke("compare", "rope", "alibi", "--results", results)
    assert result.exit_code == 2
    assert "nothing to compare" in result.stderr
    assert "python -m benchmark run --encodings rope,alibi" in result.stderr


def test_the_heading_names_the_setting_where_the_folder_holds_several(records, selection, tmp_path):
    values = {"rope": {1: [0.5, 0.6]}, "alibi": {1: [0.7, 0.8]}}
    for minutes, setting in enumerate(({"steps": 1200, "learning_rate": 9e-3}, {"width": 32}, {})):
        store = records.write_values(tmp_path, "copy", values, minutes=9 * minutes, **setting)
    heading = panel(Selection.of(store), "rope", "alibi", "copy").heading
    assert "; trained at L = 16; learning rate 0.003; 600 steps; width 64; chance" in heading
    assert "; trained at L = 16; chance" in panel(selection, "rope", "alibi", "copy").heading


def test_the_heading_says_where_each_is_at_its_best_rate(records, tmp_path):
    store = Store(tmp_path)
    for encoding, best in {"rope": 1, "alibi": 3}.items():
        for multiple in (1, 3):
            records.write_trial(store, "copy", encoding, multiple, 1.0 + abs(best - multiple))
    records.write_values(tmp_path, "copy", {"alibi": {1: [0.7, 0.8]}}, learning_rate=3e-3 * 3)
    records.write_values(tmp_path, "copy", {"rope": {1: [0.5, 0.6]}, "alibi": {1: [0.2, 0.3]}})
    heading = panel(Selection.of(store), "rope", "alibi", "copy").heading
    assert "; trained at L = 16; each at its best learning rate; chance" in heading


def test_files_hold_the_figures_and_the_tables(selection, tmp_path):
    chosen = comparable(selection, "rope", "alibi")
    found = [
        each
        for each in compare.panels(chosen, paired_panels(chosen, "rope", "alibi"))
        if each.pairs[0].panel.task in ("copy", "corpus")
    ]
    paths = list(compare.write(found, "rope", "alibi", tmp_path / "out"))
    figures = {"compare-rope-alibi-copy-16.svg", "compare-rope-alibi-corpus-64.svg"}
    assert {path.name for path in paths} == {*figures, "compare-rope-alibi.csv", "compare-rope-alibi.md"}
    table = pd.read_csv(tmp_path / "out" / "compare-rope-alibi.csv")
    assert len(table) == 2 * 5 and set(table["verdict"]) == {"not decided"}
    text = (tmp_path / "out" / "compare-rope-alibi.md").read_text()
    assert "\n| 16 | 1 | 0.9" in text
    for name in figures:
        assert f"]({name})" in text
        assert "<svg" in (tmp_path / "out" / name).read_text()


def test_figures_for_print_lie_in_a_folder_of_their_format(invoke, results, tmp_path):
    result = invoke("compare", "rope", "alibi", "--results", results, "--out", tmp_path / "out", "--figures", "svg")
    assert result.exit_code == 0
    names = {path.name for path in (tmp_path / "out").glob("*.svg")}
    printed = list((tmp_path / "out" / "svg").iterdir())
    assert len(names) == 4 and {path.name for path in printed} == names
    assert all("<text" in path.read_text() for path in printed)
    assert all(f"wrote {path}" in result.stdout for path in printed)


def test_figures_need_two_encodings_and_a_folder(invoke, results):
    alone = invoke("compare", "rope", "alibi", "--results", results, "--figures", "pdf")
    assert (alone.exit_code, alone.stderr.count("\n")) == (2, 1) and "add --out FOLDER" in alone.stderr
    folders = invoke("compare", results, f"{results}/.", "--out", "out", "--figures", "pdf")
    assert folders.exit_code == 2 and "two folders have none" in folders.stderr


def test_a_sweep_is_compared_one_encoding_after_the_other(invoke, records, tmp_path):
    names = ("rope", "rope:base=1000", "rope:base=100000")
    values = {name: {1: [0.5 + place / 10, 0.6 + place / 10]} for place, name in enumerate(names)}
    records.write_values(tmp_path, "copy", values)
    sweep = "rope:base=1e3|1e5"
    found = json.loads(invoke("compare", "rope", sweep, "--results", tmp_path, "--display", "json").stdout)
    assert [(each["first"], each["second"]) for each in found] == [(names[0], names[1]), (names[0], names[2])]
    assert [each["differences"][0]["difference"] for each in found] == pytest.approx([-0.1, -0.2])
    told = invoke("compare", "rope", sweep, "--results", tmp_path, "--display", "plain").stdout
    assert told.index("○ rope:base=1000 ") < told.index("○ rope:base=100000 ")


def test_json_holds_every_number_and_every_seed(invoke, results):
    found = json.loads(invoke("compare", "rope", "alibi", "--results", results, "--display", "json").stdout)
    row = next(row for row in found["differences"] if (row["task"], row["length"]) == ("corpus", 1024))
    assert (row["first_better"], row["second_better"], row["common_seeds"]) == (0, 3, 3)
    assert (row["verdict"], row["better"], row["more_seeds"]) == ("not decided", None, 3)
    assert (row["interval"], row["low"], row["high"]) == (
        "lowest to highest",
        min(row["by_seed"].values()),
        max(row["by_seed"].values()),
    )
    assert row["difference"] == pytest.approx(np.median(list(row["by_seed"].values())))
    assert list(row["by_seed"]) == ["0", "1", "2"]


def test_the_folder_of_the_files_is_named(invoke, results, tmp_path, monkeypatch):
    monkeypatch.setattr(compare, "write", lambda *given: iter(given[1:4]))
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
    drawn = compare.markdown(compare.Panel(heading="h", columns={"a": "x|y"}, rows=[{"a": "1|2"}], pairs=[]))
    assert r"| x\|y |" in drawn
    assert r"| 1\|2 |" in drawn
