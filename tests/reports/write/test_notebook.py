"""Results as a notebook shows them: the report's own sentences, values and figures."""

import re
from pathlib import Path

import pandas as pd
import pytest

from benchmark import load
from benchmark.api import Results
from benchmark.errors import UsageError
from benchmark.reports.page.selection import Selection
from benchmark.results.store import Store


@pytest.fixture(scope="session")
def results(example_root: Path) -> Results:
    return load(example_root)


def test_results_show_the_findings_the_summary_and_what_failed(results: Results) -> None:
    html = Results(store=results.store, failures=["copy · <alibi>: diverged"])._repr_html_()
    assert html.count("<dt>") == 5 and "not yet tested" in html
    rows = re.findall(r'<tr><th scope="row">(.*?)</tr>', html, flags=re.S)
    assert len(rows) == 3 and all(row.count("<td") == 4 * 3 for row in rows)
    assert "<li>copy · &lt;alibi&gt;: diverged</li>" in html


def test_results_have_a_short_name_outside_a_notebook(results: Results) -> None:
    assert repr(results) == f"Results({str(results.store.root)!r}, 0 failures)"


def test_no_results_say_so(tmp_path: Path) -> None:
    html = Results(store=Store(tmp_path))._repr_html_()
    assert "No results in " in html and tmp_path.name in html


def test_the_verdict_is_that_of_the_report(results: Results) -> None:
    found = results.verdict()
    assert str(found).splitlines()[0].startswith("Language past L · corpus: At 16 L, alibi has the lowest mean loss")
    assert found._repr_html_().count("<dd>") == len(found.sentences) == 5
    selection = Selection.of(results.store)
    marked = found.table[found.table["verdict"] != ""]
    assert len(marked) and set(marked["verdict"]) == {"untested"}  # three seeds test nothing
    for row in marked.itertuples():
        (panel,) = (panel for panel in selection.panels if panel.task == row.task)
        judged = selection.verdict(panel, int(row.length))
        assert (judged.leader.encoding, judged.more_seeds) == (row.encoding, row.more_seeds)


def test_the_numbers_of_the_verdict_are_means_over_seeds(results: Results) -> None:
    frame, table = results.frame(), results.verdict().table
    frame = frame[frame["headline"] & (frame["task"] == "copy") & (frame["length"] == 64)]
    rows = table[(table["task"] == "copy") & (table["length"] == 64)].set_index("encoding")
    assert list(rows.index) == ["alibi", "rope", "learned"]
    for name, own in frame.groupby("encoding"):
        values = own["value"].dropna()
        assert rows.loc[str(name), "seeds"] == len(values)
        if len(values):
            expected = values.mean(), values.min(), values.max()
            assert tuple(rows.loc[str(name), ["mean", "lowest", "highest"]]) == pytest.approx(expected)


def test_two_encodings_or_a_sweep_are_compared(results: Results, records, tmp_path: Path) -> None:
    table = results.compare("rope", "alibi")
    assert isinstance(table, pd.DataFrame) and len(table) == 4 * 5
    assert set(table["verdict"]) == {"not decided"}
    records.write_values(tmp_path, "copy", {"rope": {1: [0.5]}, "rope:base=3": {1: [0.25]}, "rope:base=5": {1: [1.0]}})
    swept = load(tmp_path).compare("rope", "rope:base=3|5")
    assert list(zip(swept["second"], swept["difference"], strict=True)) == [
        ("rope:base=3", pytest.approx(0.25)),
        ("rope:base=5", pytest.approx(-0.5)),
    ]


@pytest.mark.parametrize("kind", ["curves", "heatmap"])
def test_plots_are_figures_by_task(results: Results, tmp_path: Path, kind: str) -> None:
    plot = results.plot(kind, "copy,corpus")
    assert list(plot.figures) == [f"{kind}-copy-16", f"{kind}-corpus-64"]
    assert plot._repr_html_().count("<img") == 2
    first, second = plot.save(tmp_path / "new", "svg")
    assert first == tmp_path / "new" / f"{kind}-copy-16.svg"
    assert ">Copy<" in first.read_text() and ">Language modelling<" in second.read_text()


def test_a_plot_is_of_every_task_unless_some_are_named(results: Results) -> None:
    assert [name.split("-")[1] for name in results.plot().figures] == ["copy", "corpus", "offset", "recall"]
    assert list(results.plot(tasks=["copy"]).figures) == ["curves-copy-16"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda results: results.plot("curve"), "unknown kind of plot 'curve'; did you mean 'curves'?"),
        (lambda results: results.plot(tasks="copi"), "unknown task 'copi'; did you mean 'copy'?"),
        (lambda results: results.plot(tasks="copy").save("x", "jpg"), "unknown format 'jpg'"),
        (lambda results: results.compare("rope", "rope"), "both encodings are 'rope'"),
        (lambda results: results.compare("rope", "none"), "no results for 'none'"),
        (lambda results: results.report("x", language="fr"), "unknown language 'fr'"),
        (lambda results: results.report("x", figures="eps"), "unknown format 'eps'"),
        (lambda results: results.report("x", reference="alibbi"), "unknown reference 'alibbi'"),
    ],
)
def test_a_mistake_is_one_line(results: Results, call, message: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        call(results)
    assert message in str(caught.value) and "\n" not in str(caught.value)
    assert not any(tmp_path.iterdir())
