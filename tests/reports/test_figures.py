"""Every figure is drawn; a missing glyph is a warning of matplotlib's, and warnings are errors here."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import matplotlib
import pandas as pd
import pytest
from benchmark.reports.draw.training import training_curves as figures_training_curves
from benchmark.reports.tables.curves import training_curves
from matplotlib.figure import Figure

from benchmark.reports.draw.attention import attention
from benchmark.reports.draw.canvas import compact, render, save
from benchmark.reports.draw.drift import LEAST_SHARE, drift
from benchmark.reports.draw.extrapolation import extrapolation
from benchmark.reports.draw.fields import along
from benchmark.reports.draw.fields import fields as draw_fields
from benchmark.reports.draw.heatmap import length_heatmap
from benchmark.reports.draw.positions import position_loss
from benchmark.reports.draw.same_targets import same_targets
from benchmark.reports.draw.structure import structure
from benchmark.reports.draw.style import OWN_COLOR, palette
from benchmark.reports.draw.two_encodings import paired
from benchmark.reports.tables.fields import by_field
from benchmark.reports.tables.positions import by_position
from benchmark.reports.tables.probes import Probe, all_probes
from benchmark.reports.tables.values import metric_table
from benchmark.results.store import Store

CLASSIC = ("alibi", "learned", "none", "rope", "sinusoidal")


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


def test_classic_encodings_keep_their_colours_whoever_is_beside_them() -> None:
    alone, together = palette(["rope"]), palette([*CLASSIC, "aaa", "rope:base=500000"])
    assert alone["rope"] == together["rope"]
    assert len({style.color for style in together.values()}) == 7


def test_a_long_name_leaves_room_for_the_panel(copying: pd.DataFrame) -> None:
    """matplotlib would warn of axes without a size, and the warning be an error."""
    long = "randomized:base=path/to/a/folder/of/encodings/mine.py:limit=4096"
    table = copying.replace({"encoding": {"rope": long}})
    styles = palette(set(table["encoding"]))
    for figure in (
        extrapolation(table, styles),
        length_heatmap(table),
        paired(table, long, "alibi", styles),
        drift({long: [(7, 0.1), (15, 0.2)]}, 0.08),
    ):
        draw(figure)
        assert figure.axes[0].get_position().width * figure.get_figwidth() > 3  # inches


@pytest.mark.parametrize("encodings", [3, 40])
def test_the_note_stands_between_the_title_and_the_panel(copying: pd.DataFrame, encodings: int) -> None:
    rope = copying[copying["encoding"] == "rope"]
    table = pd.concat([rope.assign(encoding=f"mine-{number}") for number in range(encodings)])
    for figure in (
        extrapolation(table, palette(set(table["encoding"]))),
        length_heatmap(table),
    ):
        draw(figure)
        axes = figure.axes[0]
        (note,) = (text for text in axes.texts if text.get_text().startswith("mean"))
        assert axes.bbox.y1 < note.get_window_extent().y0
        assert note.get_window_extent().y1 <= axes._left_title.get_window_extent().y0


def test_no_two_styles_are_alike() -> None:
    styles = palette([*CLASSIC, *(f"mine-{number}" for number in range(37))])
    assert len({(style.color, style.dash) for style in styles.values()}) == 42
    assert len(palette(f"mine-{number}" for number in range(40))) == 40


def test_palette_does_not_depend_on_order() -> None:
    names = ["rope", "b", "a", "none", "c"]
    assert palette(names) == palette(reversed(names))


def test_extrapolation(copying: pd.DataFrame) -> None:
    figure = extrapolation(copying, palette(copying["encoding"]))
    said = texts(figure)
    for expected in ("95 % t interval over 2 to 3 seeds", "chance", "trained to L = 16", "learned (— past 16)", "16×"):
        assert expected in said
    draw(figure)


def test_extrapolation_draws_the_means(copying: pd.DataFrame) -> None:
    figure = extrapolation(copying, palette(copying["encoding"]))
    blue = OWN_COLOR["rope"]
    (curve,) = [line for line in figure.axes[0].get_lines() if line.get_color() == blue]
    means = copying[copying["encoding"] == "rope"].groupby("length")["value"].mean()
    assert list(curve.get_ydata()) == pytest.approx(list(means))


def test_one_seed_says_so(copying: pd.DataFrame) -> None:
    one = copying[copying["seed"] == 0]
    assert "1 seed, no interval" in texts(extrapolation(one, palette(one["encoding"])))


def test_two_tasks_in_one_figure_are_refused(headline: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="a figure draws one task"):
        extrapolation(headline, palette(headline["encoding"]))


def test_position_loss(example: Store) -> None:
    table = by_position(example)
    figure = position_loss(table, palette(table["encoding"]))
    said = texts(figure)
    assert "nats per token" in said and "over 3 seeds" in said and "learned (— past 64)" in said
    draw(figure)


def test_same_targets(example: Store) -> None:
    table = metric_table(example)
    differences = table[table["metric"] == "over_crop_nats"]
    losses = table[(table["metric"] == "loss_nats") & (table["task"] == "corpus")]
    figure = same_targets(losses, differences, palette(table["encoding"]))
    said = texts(figure)
    for expected in ("after exactly L tokens each", "below 0", "over 3 seeds", "learned (— past 64)"):
        assert expected in said
    blue = OWN_COLOR["rope"]
    (curve,) = [line for line in figure.axes[1].get_lines() if line.get_color() == blue]
    means = differences[differences["encoding"] == "rope"].groupby("length")["value"].mean()
    assert list(curve.get_ydata()) == pytest.approx(list(means))
    draw(figure)


def test_fields_are_a_heatmap_an_encoding_on_one_scale(example: Store) -> None:
    table = by_field(example)
    figure = draw_fields(table)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left") for axes in panels] == ["alibi", "learned", "rope"]
    assert {axes.collections[0].get_clim() for axes in panels} == {(0, 1)}
    own = table[(table["encoding"] == "rope") & (table["down_first"] == 3) & (table["across_first"] == 32)]
    shown = {text.get_position(): text.get_text() for text in panels[2].texts}
    assert shown[1.5, 2.5] == f"{own['value'].mean():.2f}"  # third range down, second length across
    assert len(panels[1].texts) == 5  # learned ends at L
    frames = [(axes.patches[0].get_width(), axes.patches[0].get_height()) for axes in panels]
    assert frames == [(1, 5)] * 3
    said = texts(figure)
    assert "2 to 3 seeds, no interval" in said and "lag (tokens)" in said and "17–32" in said
    draw(figure)


def test_along_shows_the_trained_and_the_longest_length(example: Store) -> None:
    table = by_field(example)
    figure = along(table, palette(table["encoding"]))
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["length 16 (1×)", "length 256 (16×)"]
    blue = OWN_COLOR["rope"]
    (curve,) = [line for line in figure.axes[1].get_lines() if line.get_color() == blue]
    own = table[(table["encoding"] == "rope") & (table["length"] == 256)]
    assert list(curve.get_ydata()) == pytest.approx(list(own.groupby("down_first")["value"].mean()))
    assert list(curve.get_xdata()) == list(range(9))
    said = texts(figure)
    assert "over 2 to 3 seeds" in said and "chance" in said and "129–256" in said
    draw(figure)


def test_length_heatmap_shows_what_is_unsupported(copying: pd.DataFrame) -> None:
    figure = length_heatmap(copying)
    fields = [text.get_text() for text in figure.axes[0].texts]
    assert fields.count("—") == 4  # learned, past L
    mean = copying[(copying["encoding"] == "rope") & (copying["length"] == 32)]["value"].mean()
    assert f"{mean:.2f}" in fields
    draw(figure)


def test_heatmap_figures_contrast_with_their_fields(copying: pd.DataFrame) -> None:
    figure = length_heatmap(copying)
    colors = {text.get_text(): text.get_color() for text in figure.axes[0].texts}
    assert colors["1.00"] == "black"  # on yellow
    assert colors["0.02"] == "white"  # on dark violet


def test_attention_has_a_panel_a_head_with_words_on_both_axes(probe: Probe) -> None:
    figure = attention(probe)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert len(panels) == 2 * 4
    assert [label.get_text() for label in panels[0].get_yticklabels()] == list(probe.words)
    assert [label.get_text().replace("\n", "") for label in panels[5].get_xticklabels()] == list(probe.words)
    assert "1 seed" in texts(figure)
    draw(figure)


def test_attention_of_chosen_layers_and_odd_head_counts(probe: Probe) -> None:
    five = dataclasses.replace(probe, attention=probe.attention.repeat(2, axis=1)[:, :5])
    figure = attention(five, layers=[1])
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:5] == [f"layer 2, head {head}" for head in range(1, 6)]


def test_no_word_comes_out_as_a_box(probe: Probe) -> None:
    odd = ("龘", "𠮷", "\U0001f9ff", "$x$", "<unk>", "word", "玄德")
    figure = attention(dataclasses.replace(probe, words=odd))
    assert "[U+1F9FF]" in texts(figure) and "$x$" in texts(figure)
    render(figure, "png")


def test_structure(example: Store) -> None:
    probes = all_probes(example)
    figure = structure(probes)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left").split()[0] for axes in panels] == [probe.encoding for probe in probes]
    assert list(panels[0].get_lines()[1].get_ydata()) == pytest.approx(list(probes[0].structure[0, 1]))
    draw(figure)


def test_training_curves(example: Store) -> None:
    table = training_curves(example)
    table = table[table["task"] == "copy"]
    figure = figures_training_curves(table, palette(table["encoding"]))
    assert "mean over 3 seeds" in texts(figure)
    crosses = [line for line in figure.axes[0].get_lines() if line.get_marker() == "x"]
    assert [list(line.get_xdata()) for line in crosses] == [[200]]  # where the diverged one stopped
    draw(figure)


def test_drift() -> None:
    figure = drift({"rope": [(7, 0.001), (15, 0.002)], "mine": [(7, 0.0), (15, 0.3)]}, 0.08)
    said = texts(figure)
    for expected in ("tokens, log scale", "0 to 1, log scale", "most that is tolerated: 0.08", "no interval"):
        assert expected in said
    curves = {str(line.get_color()): list(line.get_ydata()) for line in figure.axes[0].get_lines()}
    assert curves[OWN_COLOR["rope"]] == [0.001, 0.002]
    assert [LEAST_SHARE, 0.3] in curves.values()  # a logarithm has no zero
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["mine", "rope"]  # as the right ends, from the top
    draw(figure)


@pytest.mark.parametrize(("task", "above"), [("corpus", "alibi"), ("copy", "rope")])
def test_paired_says_which_side_is_better(headline: pd.DataFrame, task: str, above: str) -> None:
    table = headline[headline["task"] == task]
    figure = paired(table, "rope", "alibi", palette(table["encoding"]))
    assert f"above 0:\n{above} is better" in texts(figure)
    draw(figure)


def test_hostile_labels_stay_text(records: ModuleType, tmp_path: Path) -> None:
    label = "<script>alert(1)</script>"
    store = records.write_example(tmp_path, encodings=("rope", label), seeds=2, tasks=("corpus",), corpus=label)
    table = metric_table(store)
    table = table[table["headline"]]
    content = draw(extrapolation(table, palette(table["encoding"])))
    assert b"<script" not in content


def test_saved_figures_are_the_same_bytes_each_time(copying: pd.DataFrame, tmp_path: Path) -> None:
    def make() -> Figure:
        return length_heatmap(copying)

    assert render(make(), "svg") == render(make(), "svg")
    path = save(make(), tmp_path / "deep" / "figure.png")
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("setting", ["font.family", "text.parse_math", "axes.grid"])
def test_a_callers_settings_are_left_alone(copying: pd.DataFrame, setting: str) -> None:
    before = matplotlib.rcParams[setting]
    draw_heatmap: Callable[[pd.DataFrame], Figure] = length_heatmap
    render(draw_heatmap(copying), "png")
    assert matplotlib.rcParams[setting] == before
    from matplotlib import pyplot

    assert pyplot.get_fignums() == []


def test_a_compact_file_draws_the_same() -> None:
    svg = """<?xml version="1.0"?>
<!-- a comment -->
<svg>
 <metadata>
  <date/>
 </metadata>
 <path d="M 1.23456 -7.5
L 0.004999 2 " transform="translate(3.14159 0.5) scale(0.015625)" style="stroke: #0072b2; opacity: 0.55"/>
</svg>
"""
    assert compact(svg) == (
        '<?xml version="1.0"?><svg><path d="M 1.23 -7.5 L 0.00 2 " '
        'transform="translate(3.14 0.5) scale(0.015625)" style="stroke: #0072b2; opacity: 0.55"/></svg>'
    )
