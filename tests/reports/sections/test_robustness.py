"""Does it hold? Tables, figures, warnings and sentences of a folder with several settings, in both languages."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from benchmark.cli.terminal.summary import show_holds
from benchmark.reports.draw.style import palette
from benchmark.reports.page import findings as findings_module
from benchmark.reports.page.findings import findings
from benchmark.reports.page.known import FLIPS, known_flips
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.table import Table
from benchmark.reports.sections import robustness, run, summary, verdict
from benchmark.reports.words import speaking
from benchmark.reports.write.report import write_report
from benchmark.results.store import Store

HIGH, MIDDLE, LOW = ([mean + 0.01 * seed for seed in range(8)] for mean in (0.85, 0.6, 0.3))
Values = dict[str, dict[int, Sequence[float]]]


def three(first: str, second: str, third: str, seeds: int = 8) -> Values:
    """The same order at L and at 16 L."""
    ranked = {first: HIGH, second: MIDDLE, third: LOW}
    return {name: {1: own[:seeds], 16: own[:seeds]} for name, own in ranked.items()}


@pytest.fixture
def ladder(records: ModuleType, tmp_path: Path) -> Store:
    """rope before alibi before none at 600 steps; alibi first with 5 times the steps; none last but one, untested."""
    root = tmp_path / "ladder"
    records.write_values(root, "copy", three("alibi", "rope", "none"), steps=3000)
    records.write_values(root, "copy", three("rope", "none", "alibi", seeds=3), width=32)
    return records.write_values(root, "copy", three("rope", "alibi", "none"), minutes=9)


def section_of(store: Store) -> Section:
    selection = Selection.of(store)
    found = robustness.section(selection, palette(selection.encodings))
    assert found is not None
    return found


def table_of(section: Section, caption: str) -> Table:
    return next(table for table in section.tables if caption in table.caption)


def rows_of(table: Table) -> dict[str, list[str]]:
    return {row[0].text: [field.text for field in row[1:]] for row in table.rows}


def test_one_setting_has_no_section(records, tmp_path: Path) -> None:
    selection = Selection.of(records.write_values(tmp_path, "copy", three("rope", "alibi", "none")))
    assert robustness.section(selection, palette(selection.encodings)) is None


def test_each_setting_has_leader_tau_and_swaps(ladder: Store) -> None:
    table = table_of(section_of(ladder), "the settings")
    assert table.columns == (
        *("setting", "seeds", "leader at L", "tau at L", "leader at 16 L", "tau at 16 L", "pairs that swap"),
    )
    rows = rows_of(table)
    assert list(rows) == ["main: learning rate 0.003", "width 32", "5 times the steps"]
    assert rows["main: learning rate 0.003"] == ["8", "rope", "—", "rope", "—", "—"]
    assert rows["5 times the steps"] == [
        *("8", "alibi", "0.33", "alibi", "0.33"),
        "L: alibi > rope (shown); 16 L: alibi > rope (shown)",
    ]
    assert rows["width 32"][0] == "3" and rows["width 32"][1] == "rope"
    assert rows["width 32"][-1].startswith("L: none > alibi (not shown: 3 seeds)")
    taus = {row[0].text: row[3].details for row in table.rows}
    assert taus["5 times the steps"] == ("[0.33, 0.33]",) and taus["width 32"] == ()  # 3 seeds show nothing
    marks = {row[0].text: row[2].mark for row in table.rows}
    assert marks == {"main: learning rate 0.003": "best", "width 32": "", "5 times the steps": "best"}


def test_figures_have_a_panel_for_each_length_and_the_numbers_of_every_seed(ladder: Store) -> None:
    exhibits = {exhibit.id: exhibit for exhibit in section_of(ladder).exhibits}
    assert set(exhibits) == {"factor-steps-copy-16", "factor-width-copy-16"}
    data = exhibits["factor-steps-copy-16"].data
    assert data is not None and data.columns[0] == "steps"
    assert {row[0] for row in data.rows} == {600, 3000} and len(data.rows) == 2 * 2 * 3 * 8
    assert b"<svg" in exhibits["factor-width-copy-16"].picture
    assert {row[0] for row in exhibits["factor-width-copy-16"].data.rows} == {32, 64}


def test_a_shown_flip_of_the_leader_is_said_beside_the_headline(ladder: Store) -> None:
    warning = "With 5 times the steps, alibi does better than rope at 16 L."
    selection = Selection.of(ladder)
    ((_, text),) = findings(selection)
    assert text.startswith("At 16 L, rope is best") and text.endswith(warning)
    assert f"copy: this headline depends on the setting. {warning}" in summary.section(selection).lines


def test_a_flip_that_is_not_shown_is_no_warning(records, tmp_path: Path) -> None:
    records.write_values(tmp_path, "copy", three("alibi", "rope", "none", seeds=5), steps=3000)
    store = records.write_values(tmp_path, "copy", three("rope", "alibi", "none"), minutes=9)
    ((_, text),) = findings(Selection.of(store))
    assert "With 5 times" not in text
    assert section_of(store).terms == (
        (
            "Copy",
            "At L, the means have another order with 5 times the steps (tau 0.33). No pair is shown to swap. At 16 L, "
            "the means have another order with 5 times the steps (tau 0.33). No pair is shown to swap.",
        ),
    )


def test_the_terminal_says_for_each_task_if_the_order_holds(records, tmp_path: Path, capsys) -> None:
    for steps in (600, 1200, 3000):
        store = records.write_values(tmp_path / "in", "copy", three("rope", "alibi", "none"), steps=steps)
    paths = write_report(store, tmp_path / "out")
    show_holds(paths.holds)
    assert capsys.readouterr().out == (
        "Copy, other settings: At L, the means have the same order in the main setting and 2 others. At 16 L, the "
        "means have the same order in the main setting and 2 others.\n"
    )
    for page in (paths.html, paths.markdown):
        assert "Does it hold?" in page.read_text("utf-8") and "3 settings" in page.read_text("utf-8")


def test_an_order_of_guesses_is_not_compared(records, tmp_path: Path) -> None:
    low = {name: {1: own, 16: [0.02] * 8} for name, own in (("rope", HIGH), ("alibi", LOW))}
    records.write_values(tmp_path, "copy", low, steps=3000)
    ((_, text),) = section_of(records.write_values(tmp_path, "copy", low, minutes=9)).terms
    assert text == (
        "At L, the means have the same order in both settings. At 16 L, chance explains every mean in the main setting."
    )


def test_lengths_that_only_some_settings_have_are_left_out(records, tmp_path: Path) -> None:
    short = {name: {1: own[1], 4: own[16]} for name, own in three("rope", "alibi", "none").items()}
    records.write_values(tmp_path, "copy", short, steps=3000)
    whole = three("rope", "alibi", "none")
    for name in whole:
        whole[name] |= {4: whole[name][16]}
    table = table_of(section_of(records.write_values(tmp_path, "copy", whole, minutes=9)), "the settings")
    assert "leader at 4 L" in table.columns and "leader at 16 L" not in table.columns


@pytest.fixture
def swept(records: ModuleType, tmp_path: Path) -> Store:
    """Trials of two encodings; each at its best, where alibi leads, and the same rate for all, where rope does."""
    root = tmp_path / "swept"
    store = Store(root)
    for encoding, best in {"rope": 1, "alibi": 3}.items():
        for multiple in (0.3, 1, 3):
            for seed in (0, 1):
                records.write_trial(store, "copy", encoding, multiple, 1.0 + abs(best - multiple), seed=seed)
    records.write_values(root, "copy", {"alibi": {1: HIGH, 16: HIGH}}, learning_rate=3e-3 * 3, minutes=9)
    return records.write_values(root, "copy", {"rope": {1: MIDDLE, 16: MIDDLE}, "alibi": {1: LOW, 16: LOW}})


def test_both_views_stand_side_by_side(swept: Store) -> None:
    section = section_of(swept)
    both = [[field.text for field in row] for row in table_of(section, "Two views").rows]
    assert [row[:2] + row[4:] for row in both] == [
        ["Copy", "L", "changes: another leader"],
        ["Copy", "16 L", "changes: another leader"],
    ]
    assert both[0][2:4] == ["rope", "alibi"]
    assert list(rows_of(table_of(section, "the settings"))) == [
        "main: each encoding at its best learning rate",
        "the same learning rate for all (0.003)",
    ]
    rates = run.section(Selection.of(swept), None).tables[0].rows[0][6].text
    assert rates == "alibi 0.009, rope 0.003"


def test_the_bottom_line_says_where_each_encoding_is_at_its_best(swept: Store, ladder: Store) -> None:
    told = "On copy, each encoding has the learning rate that was best for it in trials: see “Does it hold?”."
    styles = palette(["rope", "alibi", "none"])
    lines = {store.root: verdict.section(Selection.of(store), styles).lines for store in (swept, ladder)}
    assert told in lines[swept.root] and told not in lines[ladder.root]


def test_the_sweep_is_shown_with_its_cost_and_the_edges_of_its_grid(swept: Store) -> None:
    section = section_of(swept)
    table = table_of(section, "12 trials in 126 s of training")
    assert rows_of(table)["alibi"] == ["3.70", "3.00", "1.00", "0.009", "6", "63"]
    assert any(
        line == "Best at the highest rate tried (0.009) on copy: alibi. The grid may be too narrow."
        for line in section.lines
    )
    assert not any("lowest rate tried" in line for line in section.lines)
    (figure,) = [exhibit for exhibit in section.exhibits if exhibit.id == "sweep-copy-16"]
    assert len(figure.models) == figure.measured == 12 and len(figure.data.rows) == 6


def test_every_budget_and_size_shows_its_own_sweep_and_cost(swept: Store, records: ModuleType) -> None:
    """The other sweep has the same encodings with one trial per rate, and alibi is best at another rate."""
    for encoding, best in {"rope": 1, "alibi": 0.3}.items():
        for multiple in (0.3, 1, 3):
            records.write_trial(swept, "copy", encoding, multiple, 1.0 + abs(best - multiple), steps=300, width=32)
    records.write_values(swept.root, "copy", three("rope", "alibi", "none"), steps=300, width=32, minutes=-9)
    section = section_of(swept)
    captions = [table.caption for table in section.tables if "of the trials at L" in table.caption]
    main, other = captions
    assert main.startswith("Copy: loss") and "12 trials in 126 s" in main
    assert other.startswith("Copy (0.5 times the steps, width 32): loss") and "6 trials in 60 s" in other
    assert rows_of(table_of(section, "width 32)"))["alibi"][-3:] == ["0.0009", "3", "30"]
    assert [line for line in section.lines if "lowest rate tried" in line] == [
        "Best at the lowest rate tried (0.0009) on copy (0.5 times the steps, width 32): alibi. "
        "The grid may be too narrow."
    ]
    figures = [exhibit for exhibit in section.exhibits if exhibit.id.startswith("sweep-copy-16")]
    assert [figure.measured for figure in figures] == [12, 6]
    assert len({figure.id for figure in figures}) == 2 and not set(figures[0].models) & set(figures[1].models)


def test_a_sweep_without_any_measurement_of_its_own_still_shows(records, tmp_path: Path) -> None:
    store = records.write_values(tmp_path, "copy", three("rope", "alibi", "none"))
    records.write_trial(store, "copy", "rope", 1.0, None)
    section = section_of(store)
    assert section.terms == () and any(line.startswith("No rate chosen on copy") for line in section.lines)
    assert rows_of(section.tables[0])["rope"][0] == "diverged or failed"


def test_in_chinese(ladder: Store, tmp_path: Path) -> None:
    with speaking("zh"):
        section = section_of(ladder)
        assert section.title == "结论是否稳固？"
        assert list(rows_of(table_of(section, "各种设置")))[-1] == "训练步数为 5 倍"
        assert findings(Selection.of(ladder))[0][1].endswith("在“训练步数为 5 倍”的设置下，alibi 在 16 L 处优于 rope。")


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("known_flips", Path(__file__).parents[1] / "known_flips.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_known_flips_are_written_from_a_folder_and_warn_in_reports_of_that_setting(
    writer: ModuleType, ladder: Store, records: ModuleType, tmp_path: Path, monkeypatch
) -> None:
    found = writer.flips(ladder, lambda spec: spec.budget.steps == 600 and spec.model.width == 64)
    assert [(flip.multiple, flip.better, flip.than, flip.seeds, flip.seeds_turned) for flip in found] == [
        (1, "rope", "alibi", 8, 8),
        (16, "rope", "alibi", 8, 8),
    ]
    assert FLIPS.validate_json(writer.text(found)) == tuple(found)
    monkeypatch.setattr(findings_module, "known_flips", lambda: tuple(found))
    own = records.write_values(tmp_path / "own", "copy", three("rope", "alibi", "none", seeds=3))
    ((_, text),) = findings(Selection.of(own))
    assert text.endswith("Known from docs/tuning.md: with 5 times the steps, alibi does better than rope at 16 L.")
    other = records.write_values(tmp_path / "other", "copy", three("rope", "alibi", "none"), steps=700)
    turned = records.write_values(tmp_path / "turned", "copy", three("alibi", "rope", "none"))
    assert not any("Known" in text for store in (other, turned) for _, text in findings(Selection.of(store)))


def test_the_default_settings_of_the_known_flips_are_those_of_a_preset(writer: ModuleType, records) -> None:
    spec = records.train_spec("copy", "rope", 0)
    quick = next(iter(writer.PRESETS.values()))
    (budget, *_) = quick.budgets_for("copy")
    assert writer.at_preset(spec.model_copy(update={"model": quick.model, "budget": budget}))
    assert not writer.at_preset(spec.model_copy(update={"model": quick.model}))


def test_the_shipped_file_is_read(writer: ModuleType) -> None:
    assert writer.SHIPPED.read_bytes() == writer.text(list(known_flips())) or known_flips() == ()
