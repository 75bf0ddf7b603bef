"""The base classes: what they keep on a site belongs to one encoding, however short its life."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.attention import scores

TOKENS = 11
SHAPE = Shape(width=21, heads=3, layers=1, train_length=TOKENS)


def site() -> Site:
    return Site.of(torch.zeros(2, TOKENS, SHAPE.width), torch.arange(TOKENS)[None])


def final(encoding: Encoding, here: Site) -> Tensor:
    q, k = torch.randn(2, 2, 3, TOKENS, 7, generator=torch.Generator().manual_seed(0)).unbind()
    with torch.no_grad():
        return scores(*encoding.rotate(q, k, here), here, encoding, 0.4)


VARIED: dict[str, Callable[[int], str]] = {
    "rope": lambda step: f"rope:base={step + 2}",
    "xpos": lambda step: f"xpos:scale_base={step + 2}",
    "rerope": lambda step: f"rerope:window=3:base={step + 2}",
    "sandwich": lambda step: f"sandwich:base={step + 2}",
    "fire": lambda step: f"fire:threshold={step + 2}",
    "dape": lambda step: "dape",
}


@pytest.mark.parametrize("name", VARIED)
def test_a_site_that_outlives_an_encoding_keeps_nothing_for_the_next(name: str) -> None:
    """Python gives a new object the id of one that was freed: a value kept under an id would be another encoding's."""
    lasting = site()
    for step in range(20):
        encoding = make(VARIED[name](step), SHAPE, seed=step)
        torch.testing.assert_close(final(encoding, lasting), final(encoding, site()), rtol=0, atol=0)
        del encoding
