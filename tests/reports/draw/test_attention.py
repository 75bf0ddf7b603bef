"""Attention on a sentence: a panel per head, and no word comes out as a box."""

import dataclasses

import matplotlib
import pytest
from matplotlib.figure import Figure

from benchmark.reports.draw.attention import attention
from benchmark.reports.draw.canvas import render
from benchmark.reports.tables.probes import Probe, all_probes
from benchmark.results.store import Store


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


def test_words_outside_the_vocabulary_are_named(probe: Probe) -> None:
    figure = attention(probe, spelled=("隆中对", "躬耕"), without_id=("龋",))
    assert "read character by character: 隆中对, 躬耕" in texts(figure)
    assert "read as <unk>: 龋" in texts(figure)
    assert "not in the vocabulary" not in texts(attention(probe))
    draw(figure)


def test_no_word_comes_out_as_a_box(probe: Probe) -> None:
    odd = ("龋", "𠮷", "\U0001f9ff", "$x$", "<unk>", "word", "玄德")
    figure = attention(dataclasses.replace(probe, words=odd))
    assert "[U+1F9FF]" in texts(figure) and "$x$" in texts(figure)
    render(figure, "png")
