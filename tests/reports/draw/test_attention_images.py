"""Attention images over shared words: the same picture as one drawn on its own, in fewer colours."""

import io

import matplotlib
import numpy as np
import pytest
from PIL import Image

from benchmark.reports.draw.attention import attention
from benchmark.reports.draw.attention_images import DOTS, attention_pictures
from benchmark.reports.draw.canvas import look, render
from benchmark.reports.tables.probes import Probe

STEP = 8  # of 255: the coarser of the two scales of colours


@pytest.fixture(scope="module")
def probes() -> list[Probe]:
    """Two models and one sentence, and one of them on another sentence and with fewer heads."""
    rng = np.random.default_rng(0)
    words = ("次日", "，", "玄德", "saw", "张飞")
    both = [probe_of(name, words, rng.dirichlet(np.ones(5), size=(2, 3, 5))) for name in ("rope", "alibi")]
    return [*both, probe_of("rope", words[:2], rng.dirichlet(np.ones(2), size=(2, 1, 2)))]


def probe_of(encoding: str, words: tuple[str, ...], weights: np.ndarray) -> Probe:
    names = {"task": "corpus", "encoding": encoding, "trained_with": encoding, "setting": "s", "train_key": "0" * 32}
    structure = np.zeros((2, weights.shape[1], 7))
    seen = np.tril(weights)
    return Probe(**names, seed=0, train_length=7, text="", words=words, attention=seen, structure=structure)


def pixels(picture: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)


def test_a_picture_is_that_of_the_figure_drawn_by_itself(probes) -> None:
    for probe, picture in zip(probes, attention_pictures(probes), strict=True):
        buffer = io.BytesIO()
        with look():
            attention(probe, titled=False).savefig(buffer, format="png", dpi=DOTS)
        off = np.abs(pixels(picture) - pixels(buffer.getvalue()))
        assert (off.max(axis=2) > STEP).mean() < 0.01  # where the frame of a panel blends with a weight
        assert off.max() < 64 and off.mean() < 1


def test_white_stays_white(probes) -> None:
    assert (pixels(attention_pictures(probes)[0])[0] == 255).all()


def test_one_picture_leaves_no_trace_in_the_next(probes) -> None:
    first, second, third = probes
    assert attention_pictures([first, second, third, first]) == [
        *(attention_pictures([probe])[0] for probe in (first, second, third, first))
    ]
    assert len(set(attention_pictures(probes))) == 3


def test_a_picture_keeps_to_256_colours(probes) -> None:
    picture = attention_pictures(probes)[0]
    assert Image.open(io.BytesIO(picture)).mode == "P"
    whole = render(attention(probes[0]), "png")
    assert len(picture) < len(whole) / 2


def test_the_caller_keeps_its_settings(probes) -> None:
    before = dict(matplotlib.rcParams)
    attention_pictures(probes[:1])
    assert dict(matplotlib.rcParams) == before
