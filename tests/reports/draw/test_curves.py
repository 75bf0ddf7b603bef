"""Every kind of curve can be drawn. matplotlib warns of a missing glyph, and warnings are errors here."""

import dataclasses
from pathlib import Path
from types import ModuleType

import matplotlib
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.drift import LEAST_SHARE, drift
from benchmark.reports.draw.emphasis import emphasised
from benchmark.reports.draw.extrapolation import extrapolation
from benchmark.reports.draw.heatmap import length_heatmap
from benchmark.reports.draw.positions import position_loss
from benchmark.reports.draw.same_targets import same_targets
from benchmark.reports.draw.structure import structure
from benchmark.reports.draw.style import BEST, REFERENCE, palette
from benchmark.reports.draw.two_encodings import paired
from benchmark.reports.page.selection import Selection
from benchmark.reports.page.two_encodings import PairAt, paired_panels
from benchmark.reports.stats.points import over_seeds
from benchmark.reports.tables.positions import by_position
from benchmark.reports.tables.probes import Probe, all_probes
from benchmark.reports.tables.values import metric_table
from benchmark.results.store import Store


@pytest.fixture
def headline(example: Store) -> pd.DataFrame:
    table = metric_table(example)
    return table[table["headline"]]


@pytest.fixture
def copying(headline: pd.DataFrame) -> pd.DataFrame:
    return headline[headline["task"] == "copy"]


@pytest.fixture
def probe(example: Store) -> Probe:
    """rope's, cut to seven words: labels take most of a figure's time."""
    whole = all_probes(example)[-1]
    return dataclasses.replace(whole, words=whole.words[:7], attention=whole.attention[:, :, :7, :7])


def texts(figure: Figure) -> str:
    """All that a figure says."""
    return "\n".join(artist.get_text() for artist in figure.findobj(matplotlib.text.Text))


def draw(figure: Figure) -> bytes:
    content = render(figure, "svg")
    assert content.startswith(b"<?xml") and content.rstrip().endswith(b"</svg>")
    return content


def test_a_long_name_leaves_room_for_the_panel(example: Store, copying: pd.DataFrame) -> None:
    """matplotlib would warn of axes without a size, and the warning be an error."""
    long = "randomized:base=path/to/a/folder/of/encodings/mine.py:limit=4096"
    table = copying.replace({"encoding": {"rope": long}})
    styles = palette(set(table["encoding"]))
    for figure in (
        extrapolation(table, styles),
        length_heatmap(table),
        paired(pairs_of(example, "copy", {"rope": long}, long), styles),
        drift({long: [(7, 0.1), (15, 0.2)]}, 0.08),
    ):
        draw(figure)
        assert figure.axes[0].get_position().width * figure.get_figwidth() > 3  # inches


@pytest.mark.parametrize("encodings", [3, 40, 60])
def test_the_legend_lies_below_the_panel_and_is_no_taller(copying: pd.DataFrame, encodings: int) -> None:
    rope = copying[copying["encoding"] == "rope"]
    table = pd.concat([rope.assign(encoding=f"mine-{number}") for number in range(encodings)])
    styles = emphasised(palette(set(table["encoding"])), over_seeds(table), "mine-1")
    figure = extrapolation(table, styles)
    draw(figure)
    (legend,), axes = figure.legends, figure.axes[0]
    assert legend.get_window_extent().height <= axes.bbox.height
    assert legend.get_window_extent().y1 < axes.get_tightbbox().y0
    assert list(axes.texts) == []  # no label lies on a curve


def test_no_figure_of_a_section_carries_a_title(copying: pd.DataFrame) -> None:
    for figure in (extrapolation(copying, palette(copying["encoding"])), length_heatmap(copying)):
        assert figure.get_suptitle() == "" and all(axes.get_title(loc="left") == "" for axes in figure.axes)


def test_what_may_be_the_best_has_a_mark_in_a_colour_of_its_own(copying: pd.DataFrame) -> None:
    styles = emphasised(palette(copying["encoding"]), over_seeds(copying), "rope", {"alibi"})
    figure = extrapolation(copying, styles)
    (mark,) = (line for line in figure.axes[0].get_lines() if line.get_label() == "_best")
    alibi = copying[copying["encoding"] == "alibi"].groupby("length")["value"].mean()
    assert mark.get_color() == BEST and list(mark.get_ydata()) == pytest.approx(list(alibi))
    assert BEST not in {style.color for style in styles.values()}
    assert "may be the best" in texts(figure)


def test_extrapolation(copying: pd.DataFrame) -> None:
    figure = extrapolation(copying, palette(copying["encoding"]))
    said = texts(figure)
    for expected in (
        "chance",
        "trained to L = 16",
        "learned (— past 16)",
        "16×",
    ):
        assert expected in said
    draw(figure)


def test_a_shortcut_is_named_and_has_a_dash_of_its_own(copying: pd.DataFrame) -> None:
    named = "find this symbol and name its successor"
    ruled = copying.assign(shortcut=0.62, shortcut_name=named)
    figure = extrapolation(ruled, palette(copying["encoding"]))
    assert "best shortcut" in texts(figure)  # the caption names it
    lines = {str(line.get_label()): line for line in figure.axes[0].get_lines()}
    assert set(lines["best shortcut"].get_ydata()) == {0.62}
    assert lines["best shortcut"].is_dashed() and lines["best shortcut"]._unscaled_dash_pattern != (
        lines["chance"]._unscaled_dash_pattern
    )
    draw(figure)
    near = extrapolation(copying.assign(shortcut=0.02, shortcut_name=named), palette(copying["encoding"]))
    assert "shortcut" not in texts(near)  # within the margin of chance


def test_extrapolation_draws_the_means_and_every_seed(copying: pd.DataFrame) -> None:
    figure = extrapolation(copying, palette(copying["encoding"]))
    blue = REFERENCE
    curve, dots = curve_and_dots(figure.axes[0], blue)
    own = copying[copying["encoding"] == "rope"]
    assert list(curve.get_ydata()) == pytest.approx(list(own.groupby("length")["value"].mean()))
    assert sorted(dots.get_ydata()) == pytest.approx(sorted(own["value"]))  # every seed


def curve_and_dots(axes: Axes, color: str) -> tuple[Line2D, Line2D]:
    own = [line for line in axes.get_lines() if line.get_color() == color]
    (dots,) = (line for line in own if line.get_label() == "_seeds")
    (curve,) = (line for line in own if line is not dots)
    return curve, dots


def test_more_than_ten_seeds_are_no_dots(copying: pd.DataFrame) -> None:
    rope = copying[copying["encoding"] == "rope"]
    many = pd.concat([rope.assign(seed=rope["seed"] + 3 * more) for more in range(4)])
    figure = extrapolation(many, palette(["rope"]))
    assert "dots" not in texts(figure)
    assert not [line for line in figure.axes[0].get_lines() if line.get_label() == "_seeds"]


def test_two_tasks_in_one_figure_are_refused(headline: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="a figure draws one task"):
        extrapolation(headline, palette(headline["encoding"]))


def test_position_loss(example: Store) -> None:
    table = by_position(example)
    figure = position_loss(table, palette(table["encoding"]))
    said = texts(figure)
    assert "nats per token" in said and "learned (— past 64)" in said
    draw(figure)


def test_same_targets(example: Store) -> None:
    table = metric_table(example)
    differences = table[table["metric"] == "over_crop_nats"]
    losses = table[(table["metric"] == "loss_nats") & (table["task"] == "corpus")]
    figure = same_targets(losses, differences, palette(table["encoding"]))
    said = texts(figure)
    for expected in ("after exactly L tokens", "difference in loss", "learned (— past 64)"):
        assert expected in said
    blue = REFERENCE
    curve, _ = curve_and_dots(figure.axes[1], blue)
    means = differences[differences["encoding"] == "rope"].groupby("length")["value"].mean()
    assert list(curve.get_ydata()) == pytest.approx(list(means))
    draw(figure)


def test_structure(example: Store) -> None:
    probes = all_probes(example)
    figure = structure(probes)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left").split()[0] for axes in panels] == [probe.encoding for probe in probes]
    assert list(panels[0].get_lines()[1].get_ydata()) == pytest.approx(list(probes[0].structure[0, 1]))
    draw(figure)


def test_drift() -> None:
    figure = drift({"rope": [(7, 0.001), (15, 0.002)], "mine": [(7, 0.0), (15, 0.3)]}, 0.08)
    said = texts(figure)
    for expected in ("tokens, log scale", "0 to 1, log scale", "tolerance: 0.08", "no range"):
        assert expected in said
    curves = {str(line.get_color()): list(line.get_ydata()) for line in figure.axes[0].get_lines()}
    assert curves[REFERENCE] == [0.001, 0.002]
    assert [LEAST_SHARE, 0.3] in curves.values()  # a logarithm has no zero
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()][:2] == ["mine", "rope"]  # as the right ends, from the top
    draw(figure)


def pairs_of(store: Store, task: str, names: dict[str, str], first: str = "rope") -> list[PairAt]:
    """A pair with alibi, of encodings that may be renamed."""
    selection = Selection.of(store)
    shown = selection.shown.replace({"encoding": names, "trained_with": names})
    pairs = paired_panels(dataclasses.replace(selection, shown=shown), first, "alibi")
    return next(each for panel, each in pairs if panel.task == task)


@pytest.mark.parametrize(("task", "above"), [("corpus", "alibi"), ("copy", "rope")])
def test_paired_says_which_side_is_better(example: Store, task: str, above: str) -> None:
    pairs = pairs_of(example, task, {})
    figure = paired(pairs, palette(["rope", "alibi"]))
    said = texts(figure)
    assert f"above 0: {above} is better" in said.replace("\n", " ")
    assert "median of rope − alibi\n" in said and "thin bars: lowest to highest; dots: each seed" in said
    draw(figure)


def test_paired_draws_every_seed_beside_the_median(example: Store) -> None:
    pairs = pairs_of(example, "corpus", {})
    bottom = paired(pairs, palette(["rope", "alibi"])).axes[1]
    (dots,) = (line for line in bottom.get_lines() if line.get_label() == "_seeds")
    assert sorted(dots.get_ydata()) == pytest.approx(
        sorted(each for pair in pairs for each in pair.differences.values())
    )
    curve = next(line for line in bottom.get_lines() if len(line.get_xdata()) == len(pairs))
    assert list(curve.get_ydata()) == pytest.approx([pair.effect.value for pair in pairs])


def test_hostile_labels_stay_text(records: ModuleType, tmp_path: Path) -> None:
    label = "<script>alert(1)</script>"
    store = records.write_example(tmp_path, encodings=("rope", label), seeds=2, tasks=("corpus",), corpus=label)
    table = metric_table(store)
    table = table[table["headline"]]
    content = draw(extrapolation(table, palette(table["encoding"])))
    assert b"<script" not in content
