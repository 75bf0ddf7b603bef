"""The whole model: computing only some places changes none of their values."""

from unittest import mock

import pytest
import torch

from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.encoding import Shape
from benchmark.model.transformer import Transformer, first_asked
from benchmark.seeds import generator

SHAPE = Shape(width=16, heads=2, layers=2, train_length=12, digits=tuple(range(10)), marks=(3, 7))


def model_with(encoding: str, *, convolve: bool = False) -> Transformer:
    model = Transformer(11, SHAPE, lambda shape, layer: make(encoding, shape, layer=layer), convolve=convolve).double()
    model.initialise(0)
    return model


@pytest.mark.parametrize("encoding", ["rope", "alibi", "cope"])
@pytest.mark.parametrize("places", [[0], [3, 4, 11, 12, 35], list(range(36)), []], ids=len)
@pytest.mark.parametrize("convolve", [False, True])
def test_hidden_states_of_some_places_are_those_of_all(encoding: str, places: list[int], convolve: bool) -> None:
    """So are their gradients; the same without gradients."""
    model, chosen = model_with(encoding, convolve=convolve), torch.tensor(places, dtype=torch.long)
    tokens = torch.randint(11, (3, 12), generator=generator("places"))
    with torch.no_grad():
        assert torch.allclose(model(tokens, places=chosen), model(tokens).flatten(0, 1)[chosen], rtol=0, atol=1e-12)
    gradients = []
    for hidden in (model(tokens).flatten(0, 1)[chosen], model(tokens, places=chosen)):
        model.zero_grad()
        model.logits(hidden).square().sum().backward()
        gradients.append([weight.grad for weight in model.parameters() if weight.grad is not None])
    assert len(gradients[0]) == len(gradients[1])
    for whole, part in zip(*gradients, strict=True):
        assert torch.allclose(whole, part, rtol=0, atol=1e-9)


@pytest.mark.parametrize("encoding", CATALOGUE.names())
@pytest.mark.parametrize("places", [[11, 23, 35], [10, 22, 34, 35]], ids=["last", "last-two"])
@pytest.mark.parametrize("convolve", [False, True])
def test_questions_at_the_end_of_rows_need_only_the_last_queries(
    encoding: str, places: list[int], convolve: bool
) -> None:
    model, chosen = model_with(encoding, convolve=convolve), torch.tensor(places)
    tokens = torch.randint(11, (3, 12), generator=generator("late"))
    attention = mock.Mock(wraps=model.layers[-1].attention.forward)
    with torch.no_grad(), mock.patch.object(model.layers[-1].attention, "forward", attention):
        late = model(tokens, places=chosen)
    asked = attention.call_args.args[0].shape[2]
    assert asked == 12 - min(places)
    with torch.no_grad():
        assert torch.allclose(late, model(tokens).flatten(0, 1)[chosen], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("places", "first"), [([8, 23], 0), ([9, 23], 9), ([11, 20], 0), ([23], 11), ([], 0)])
def test_queries_are_skipped_if_three_quarters_of_a_row_are_not_asked_for(places: list[int], first: int) -> None:
    chosen = torch.tensor(places, dtype=torch.long)
    with torch.no_grad():
        assert first_asked(chosen, 12) == first
    assert first_asked(chosen, 12) == 0  # with gradients


@pytest.mark.parametrize(
    ("encoding", "asked"),
    [("rope", 0), ("alibi", 0), ("drop", 1), ("kerple-log", 2), ("dape", 2), ("randomized:base=drop", 1)],
)
def test_every_encoding_with_a_schedule_is_told_the_share_done(
    encoding: str, asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, told = model_with(encoding), []
    for each in model.encodings:
        monkeypatch.setattr(each, "schedule", told.append)
    model.schedule(0.25)
    assert told == [0.25] * asked
