"""One verdict: page, Markdown report, terminal, `compare` and exports say the same about the same records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmark.cli import main
from benchmark.cli.terminal.summary import show_findings, show_summary
from benchmark.reports.page.selection import Selection
from benchmark.reports.stats.verdict import Who
from benchmark.reports.write import latex, task_table
from benchmark.reports.write.report import write_report
from benchmark.results.store import Store


@dataclass(frozen=True, kw_only=True)
class Case:
    """Values of two encodings by seed, and how each place puts the verdict on rope, or that there is none."""

    values: Mapping[str, Sequence[float]]
    mark: str  # stats.verdict.Mark of rope
    sentence: str  # of the page, report.md and the terminal
    table: str  # in tables of report.md and of the Markdown export
    sign: str  # on the terminal
    style: str  # in LaTeX
    compared: str  # in `compare rope alibi`
    shortcuts: Mapping[str, float] = field(default_factory=dict)


CASES = {
    "3 of 3": Case(
        values={"rope": [1.0] * 3, "alibi": [0.36, 0.35, 0.37]},
        mark="untested",
        sentence="rope has the highest mean token accuracy (1.00), not yet tested: it did better than alibi on 3 of 3",
        table="highest mean, not yet tested (3 more seeds would do)",
        sign="?",
        style=r"\textit",
        compared="not decided: 3 more seeds could show it",
    ),
    "6 of 6": Case(
        values={"rope": [1.0] * 6, "alibi": [0.36, 0.35, 0.37, 0.36, 0.35, 0.37]},
        mark="best",
        sentence="rope is best (mean token accuracy 1.00): it did better than alibi on 6 of 6 seeds",
        table="best",
        sign="*",
        style=r"\textbf",
        compared="rope does better on most seeds",
    ),
    "mixed": Case(
        values={"rope": [0.9, 0.9, 0.9, 0.9, 0.1, 0.9], "alibi": [0.5, 0.5, 0.5, 0.5, 0.6, 0.6]},
        mark="among the best",
        sentence="rope and alibi are among the best",
        table="among the best",
        sign="=",
        style=r"\textbf",
        compared="not decided: 4 more seeds could show it",
    ),
    "chance": Case(
        values={"rope": [0.05] * 6, "alibi": [0.02, 0.05, 0.06, 0.01, 0.04, 0.03]},
        mark="",
        sentence="chance explains every mean, so nothing is best",
        table="",
        sign="",
        style="",
        compared="explained by chance",
    ),
    "shortcut": Case(
        values={"rope": [0.42] * 6, "alibi": [0.41, 0.43, 0.4, 0.44, 0.4, 0.41]},
        shortcuts={"constant answer": 0.4, "repeat": 0.3},
        mark="shortcut",
        sentence="a shortcut explains every mean, so nothing is best: the highest mean token accuracy is 0.42, and "
        "“constant answer” gives 0.40",
        table="explained by a shortcut: constant answer",
        sign="~",
        style=r"\textsuperscript{s}",
        compared="explained by a shortcut: constant answer",
    ),
}
MARKS = ("best", "among the best", "not yet tested")


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture
def root(case: Case, records, tmp_path: Path) -> Path:
    records.write_values(
        tmp_path / "in", "copy", {name: {1: own} for name, own in case.values.items()}, shortcuts=case.shortcuts
    )
    return tmp_path / "in"


def row_of(text: str, start: str) -> str:
    return next(line for line in text.splitlines() if line.startswith(start))


def test_all_places_say_the_same(case: Case, root: Path, tmp_path: Path, capsys) -> None:
    store = Store(root)
    selection = Selection.of(store)
    assert selection.verdict(selection.panels[0], 16).mark(Who("rope", "rope")) == case.mark

    paths = write_report(store, tmp_path / "out")
    ((_, sentence),) = paths.findings
    assert case.sentence in sentence
    assert sentence in paths.html.read_text("utf-8") and sentence in paths.markdown.read_text("utf-8")

    show_summary(store)
    show_findings(paths.findings)
    *table, legend, last = capsys.readouterr().out.splitlines()
    assert sentence in last
    (own,) = [line for line in table if "  rope  " in line]
    assert {sign: sign in own for sign in "*=?~"} == {sign: sign == case.sign for sign in "*=?~"}
    assert not case.sign or f"{case.sign} " in legend

    summary = row_of(paths.markdown.read_text("utf-8").partition("## Summary")[2], "| rope |")
    for row in (summary, row_of(task_table.render(selection), "| copy |")):
        assert case.table in row
        assert case.table or not any(mark in row for mark in MARKS)

    set_in_latex = next(line for line in latex.render(selection).splitlines() if "& rope &" in line)
    assert case.style in set_in_latex
    assert case.style or r"\text" not in set_in_latex


def test_compare_says_the_same(case: Case, root: Path) -> None:
    answer = CliRunner().invoke(main, ["compare", "rope", "alibi", "--results", str(root)], catch_exceptions=False)
    assert answer.exit_code == 0 and case.compared in answer.output
