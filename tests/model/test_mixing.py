"""The convolution before attention: its values by a plain loop, and everything the model does, with it."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model import attention
from benchmark.model.mixing import Convolution
from benchmark.model.transformer import Cache, Transformer
from benchmark.seeds import generator
from benchmark.training.probe import attention as attention_of

VOCABULARY, BATCH, LENGTH = 13, 2, 11
SHAPE = Shape(width=21, heads=3, layers=2, train_length=LENGTH, digits=tuple(range(2, 12)), marks=(1, 12))


class Peeping(Encoding):
    """A toy that keeps the content it is shown in each layer."""

    name = "peeping"

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.seen: list[Tensor] = []

    def bias(self, site: Site) -> None:
        self.seen.append(site.hidden)


def model_with(encoding: str | type[Encoding], *, convolve: bool = True, layers: int = SHAPE.layers) -> Transformer:
    def encode(shape: Shape, layer: int) -> Encoding:
        return make(encoding, shape, layer=layer) if isinstance(encoding, str) else encoding(shape)

    shape = replace(SHAPE, layers=layers)
    model = Transformer(VOCABULARY, shape, encode, convolve=convolve)
    model.initialise(0)
    return model.double().eval()


def rows() -> Tensor:
    return torch.randint(VOCABULARY, (BATCH, LENGTH), generator=generator("mixing"))


def convolution(width: int) -> Convolution:
    made = Convolution(width).double()
    torch.nn.init.normal_(made.weight, generator=generator("kernel"))
    return made


@pytest.mark.parametrize("length", [0, 1, 3, 11])
def test_a_plain_loop_gives_the_same_values(length: int) -> None:
    made = convolution(5)
    hidden = torch.randn(2, length, 5, generator=generator("hidden"), dtype=torch.float64)
    expected = hidden.tolist()
    for row in range(2):
        for token in range(length):
            for channel in range(5):
                for lag in range(min(3, token) + 1):
                    tap, read = made.weight[channel, lag].item(), hidden[row, token - lag, channel].item()
                    expected[row][token][channel] += tap * read
    torch.testing.assert_close(made(hidden)[0].detach(), torch.tensor(expected, dtype=torch.float64).view(2, length, 5))


def test_a_token_reads_itself_and_the_three_before_it_channel_by_channel() -> None:
    made, hidden = convolution(3), torch.randn(1, 7, 3, dtype=torch.float64, requires_grad=True)
    made(hidden)[0][0, 5, 1].backward()
    assert hidden.grad.nonzero().tolist() == [[0, token, 1] for token in (2, 3, 4, 5)]


def test_a_kernel_of_zeros_changes_nothing() -> None:
    model, plain = model_with("rope"), model_with("rope", convolve=False)
    for layer in model.layers:
        torch.nn.init.zeros_(layer.mixing.weight)
    assert torch.equal(model(rows()), plain(rows()))


@torch.no_grad()
@pytest.mark.parametrize("name", CATALOGUE.names())
def test_decoding_and_blocks_give_the_values_of_the_full_pass(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, whole = model_with(name), model_with(name)(rows())
    for steps in ([1] * LENGTH, [5, 1, 3, 2], [2, 0, 9]) if not model.encoding.length_aware else ():
        for eager in (False, True):
            cache = Cache()
            parts = [
                model(part, cache=cache, weights=[] if eager else None) for part in torch.split(rows(), steps, dim=1)
            ]
            torch.testing.assert_close(torch.cat(parts, dim=1), whole, rtol=0, atol=1e-6)
    monkeypatch.setattr(attention, "BLOCK_SCORES", 3 * BATCH * SHAPE.heads * LENGTH)
    torch.testing.assert_close(model(rows()), whole, rtol=0, atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("changed", [0, 4, LENGTH - 1])
def test_a_later_token_changes_nothing_before_it(changed: int) -> None:
    model, other = model_with("none"), rows()
    other[:, changed] = (other[:, changed] + 1) % VOCABULARY
    differs = (model(rows()) - model(other)).abs().amax(dim=(0, 2)) > 1e-9
    assert differs.tolist() == [token >= changed for token in range(LENGTH)]


@torch.no_grad()
@pytest.mark.parametrize("convolve", [False, True])
def test_one_layer_without_positions_knows_the_order_only_by_it(convolve: bool) -> None:
    """The last token attends to a bag of tokens; exchanging two that it does not read itself changes nothing."""
    model, tokens = model_with("none", convolve=convolve, layers=1), torch.arange(LENGTH)[None]
    exchanged = tokens.clone()
    exchanged[0, [2, 5]] = tokens[0, [5, 2]]
    change = (model(tokens) - model(exchanged))[0, -1].abs().amax()
    assert (change > 1e-3) if convolve else (change < 1e-12)


def test_attention_that_sees_later_keys_is_refused() -> None:
    with pytest.raises(ValueError, match="the convolution before attention is causal: pass causal=True"):
        model_with("rope")(rows(), causal=False)


@torch.no_grad()
def test_encodings_read_the_mixed_tokens() -> None:
    model = model_with(Peeping)
    model(rows())
    first, embedded = model.layers[0], model.embedding[rows()] * math.sqrt(SHAPE.width)
    mixed, _ = first.mixing(first.attention_norm(embedded))
    torch.testing.assert_close(model.encoding.seen[0], mixed)
    assert not torch.allclose(mixed, first.attention_norm(embedded), atol=1e-3)


def test_attention_weights_can_be_read() -> None:
    weights, plain = (attention_of(model_with("rope", convolve=convolve), rows()[0]) for convolve in (True, False))
    assert weights.shape == (SHAPE.layers, SHAPE.heads, LENGTH, LENGTH)
    torch.testing.assert_close(weights.sum(-1), torch.ones(weights.shape[:-1]))
    assert not weights.triu(1).any()
    assert (weights - plain).abs().amax() > 1e-3
