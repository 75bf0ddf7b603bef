"""The attention interface: weights, and the kernel chosen for each combination of hooks."""

import math
from dataclasses import replace
from unittest import mock

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.alibi import Alibi
from benchmark.encodings.bases import by_distance
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model import attention, bias
from benchmark.model.hooks import overrides
from benchmark.model.transformer import Cache, Transformer
from benchmark.seeds import generator

BATCH, VOCABULARY, LENGTH = 2, 13, 11
SHAPE = Shape(width=21, heads=3, layers=2, train_length=LENGTH, digits=tuple(range(2, 12)), marks=(1, 12))


class Counting(Encoding):
    """A toy that needs the scores themselves: open gates between key and query lower the score, as in CoPE."""

    name = "counting"

    def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
        return scores - scores.sigmoid().flip(-1).cumsum(-1).flip(-1)


class PerLayer(Encoding):
    """A toy with weights of its own in every layer, and a bias that reads the layer's input."""

    name = "per-layer"
    per_layer = True

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.gate = torch.nn.Parameter(torch.randn(shape.width))

    def bias(self, site: Site) -> Tensor:
        return (site.hidden @ self.gate)[:, None, None, :].expand(-1, 1, site.query_positions.shape[1], -1)


def build(encoding: str | type[Encoding]) -> Transformer:
    def encode(shape: Shape, layer: int) -> Encoding:
        return make(encoding, shape, layer=layer) if isinstance(encoding, str) else encoding(shape)

    model = Transformer(VOCABULARY, SHAPE, encode)
    model.initialise(0)
    return model.eval()


def rows() -> Tensor:
    return torch.randint(VOCABULARY, (BATCH, LENGTH), generator=torch.Generator().manual_seed(0))


def kernel_calls(model: Transformer, **options: object) -> list[mock._Call]:
    with mock.patch.object(F, "scaled_dot_product_attention", wraps=F.scaled_dot_product_attention) as kernel:
        model(rows(), **options)
    return kernel.call_args_list


@pytest.mark.parametrize("name", [*CATALOGUE.names(), Counting, PerLayer])
@pytest.mark.parametrize("causal", [True, False])
def test_weights_of_every_layer_sum_to_at_most_one_and_never_look_ahead(
    name: str | type[Encoding], causal: bool
) -> None:
    weights: list[Tensor] = []
    model = build(name)
    if model.encoding.causal_only and not causal:
        pytest.skip("defined for causal attention alone")
    model(rows(), weights=weights, causal=causal)
    assert len(weights) == SHAPE.layers
    for layer in weights:
        assert layer.shape == (BATCH, SHAPE.heads, LENGTH, LENGTH)
        if overrides(model.encoding, "weigh"):
            assert (layer.sum(-1) <= 1).all()
        else:
            torch.testing.assert_close(layer.sum(-1), torch.ones(BATCH, SHAPE.heads, LENGTH))
        ahead = layer.triu(diagonal=1)
        assert (ahead == 0).all() if causal else ahead.amax() > 0
    assert not torch.equal(weights[0], weights[1])


def test_weights_are_those_that_mix_the_values() -> None:
    """Rebuilds a layer's output from the attention weights that it returns."""
    model, weights = build("alibi"), []
    inputs: list[Tensor] = []
    layer = model.layers[1]
    layer.attention_norm.register_forward_hook(lambda module, given, normed: inputs.append(normed))
    mixed: list[Tensor] = []
    layer.attention.register_forward_hook(lambda module, given, result: mixed.append(result[0]))
    model(rows(), weights=weights)
    _, _, v = layer.attention.project(inputs[0])
    rebuilt = layer.attention.out((weights[1] @ v).transpose(1, 2).flatten(-2))
    torch.testing.assert_close(rebuilt, mixed[0])


def test_scores_are_divided_by_the_root_of_the_head_width() -> None:
    """The first layer's weights from its queries and keys, one number at a time."""
    model, weights, inputs = build("none"), [], []
    model.layers[0].attention_norm.register_forward_hook(lambda module, given, normed: inputs.append(normed))
    model(rows(), weights=weights)
    q, k, _ = model.layers[0].attention.project(inputs[0])
    for query in range(LENGTH):
        powers = [math.exp((q[1, 2, query] @ k[1, 2, key]).item() / math.sqrt(7)) for key in range(query + 1)]
        for key, power in enumerate(powers):
            assert weights[0][1, 2, query, key].item() == pytest.approx(power / sum(powers), abs=1e-5)


@pytest.mark.parametrize("name", ["none", "rope", "sinusoidal", "learned"])
def test_without_a_bias_the_kernel_is_fused_and_causal(name: str) -> None:
    calls = kernel_calls(build(name))
    assert len(calls) == SHAPE.layers
    assert all(call.kwargs.get("is_causal") and call.kwargs.get("attn_mask") is None for call in calls)


def test_a_bias_is_the_mask_of_the_fused_kernel_and_the_same_tensor_in_all_layers() -> None:
    calls = kernel_calls(build("alibi"))
    masks = [call.kwargs["attn_mask"] for call in calls]
    assert len(masks) == SHAPE.layers
    assert masks[0] is masks[1]
    assert masks[0].shape == (1, SHAPE.heads, LENGTH, LENGTH)
    assert not any(call.kwargs.get("is_causal") for call in calls)


OF_DISTANCE = ["alibi", "t5", "sandwich", "kerple-log", "kerple-power"]


@pytest.mark.parametrize("name", OF_DISTANCE)
@pytest.mark.parametrize("queries", [40, 17])
def test_a_bias_by_distance_is_read_from_its_diagonals(name: str, queries: int) -> None:
    """Long rows without gradients, in three blocks: equal to a dense mask, which is never built."""
    encoding, keys = make(name, SHAPE), 40
    draws = torch.Generator().manual_seed(0)
    k, v = (torch.randn(BATCH, SHAPE.heads, keys, SHAPE.head_width, generator=draws) for _ in range(2))
    q = torch.randn(BATCH, SHAPE.heads, queries, SHAPE.head_width, generator=draws)

    def site() -> Site:
        return Site.of(torch.zeros(BATCH, keys, 0), 5 + torch.arange(keys)[None], queries=queries)

    with torch.no_grad():
        laid_out, _ = attention.attend(q, k, v, site(), encoding, scale=0.4)
        with (
            mock.patch.object(attention, "BLOCK_QUERIES", 7),
            mock.patch.object(F, "scaled_dot_product_attention", wraps=F.scaled_dot_product_attention) as kernel,
            mock.patch.object(bias, "by_distance", side_effect=AssertionError("laid out")),
        ):
            along, _ = attention.attend(q, k, v, site(), encoding, scale=0.4)
    masks = [call.kwargs["attn_mask"] for call in kernel.call_args_list]
    assert len(masks) == -(-queries // 7)
    assert all(
        mask.stride()[-2:] == (1, 1) and mask.untyped_storage().nbytes() < 4 * 200 * SHAPE.heads for mask in masks
    )
    torch.testing.assert_close(along, laid_out, rtol=1e-5, atol=1e-6)


def test_a_subclass_that_overrides_a_bias_gets_its_own() -> None:
    class Louder(Alibi):
        def bias(self, site: Site) -> Tensor:
            return 2 * by_distance(self.at, site)

    site = Site.of(torch.zeros(1, 9, 0), torch.arange(9)[None])
    gaps = replace(site, key_positions=torch.tensor([[0, 1, 2, 3, 9, 10, 11, 12, 13]]), shared={})
    assert bias.diagonals(Alibi(SHAPE).bias(site), site).shape == (SHAPE.heads, 17)
    assert bias.diagonals(Louder(SHAPE).bias(site), site) is None
    assert bias.diagonals(Alibi(SHAPE).bias(gaps), gaps) is None


@pytest.mark.parametrize("name", ["rope", "alibi"])
def test_requested_weights_take_the_eager_path(name: str) -> None:
    assert kernel_calls(build(name), weights=[]) == []


def test_rescored_attention_takes_the_eager_path() -> None:
    assert kernel_calls(build(Counting)) == []


def test_an_encoding_that_weighs_scores_itself_takes_the_eager_path() -> None:
    assert kernel_calls(build("stick-breaking")) == []


def test_rescore_sees_masked_scores_and_cannot_leak_the_future() -> None:
    seen: list[Tensor] = []

    class Peeping(Counting):
        def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
            seen.append(scores)
            return scores.new_zeros(scores.shape)  # returns finite scores for keys that are not visible

    model, weights = build(Peeping), []
    model(rows(), weights=weights)
    ahead = torch.ones(LENGTH, LENGTH, dtype=torch.bool).triu(1)
    assert (seen[0][..., ahead] == -torch.inf).all()
    assert seen[0][..., ~ahead].isfinite().all()
    expected = torch.ones(LENGTH, LENGTH).tril() / torch.arange(1, LENGTH + 1)[:, None]
    torch.testing.assert_close(weights[0], expected.expand_as(weights[0]))


@pytest.mark.parametrize("encoding", [Counting, PerLayer])
@pytest.mark.parametrize("at_once", [1, 3])
def test_toys_decode_and_evaluate_in_blocks_as_in_one_pass(
    encoding: type[Encoding], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, cache = build(encoding), Cache()
    with torch.inference_mode():
        whole = model(rows())
        parts = [model(part, cache=cache) for part in torch.split(rows(), [1, 6, 4], dim=1)]
        torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-5, rtol=1e-5)
        monkeypatch.setattr(attention, "BLOCK_SCORES", at_once * BATCH * SHAPE.heads * LENGTH)
        torch.testing.assert_close(model(rows()), whole, atol=1e-5, rtol=1e-5)


def test_blocks_hold_no_more_scores_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attention, "BLOCK_SCORES", 3 * BATCH * SHAPE.heads * LENGTH)
    with torch.inference_mode():
        calls = kernel_calls(build("alibi"))
    # The last block goes first: no block needs more memory than the one before it.
    assert [call.args[0].shape[-2] for call in calls] == [2, 3, 3, 3] * SHAPE.layers
    # In a causal pass a block gets only the keys that it can see.
    assert [call.args[1].shape[-2] for call in calls] == [11, 9, 6, 3] * SHAPE.layers


def test_an_encoding_of_each_layer_is_used_in_its_layer() -> None:
    model = build(PerLayer)
    assert len(model.encodings) == SHAPE.layers
    model(rows()).square().sum().backward()
    assert all(encoding.gate.grad.abs().sum() > 0 for encoding in model.encodings)


def test_the_scale_is_of_the_models_head_width_where_rotation_widens() -> None:
    class Widening(Encoding):
        name = "widening"

        def rotate(self, q: Tensor, k: Tensor, site: Site) -> tuple[Tensor, Tensor]:
            return F.pad(q, (0, 4)), F.pad(k, (0, 4))

    torch.testing.assert_close(build(Widening)(rows()), build("none")(rows()))


@pytest.mark.parametrize("masked", [False, True])
def test_where_rotation_widens_the_kernel_gets_one_width_and_gives_back_the_values_own(masked: bool) -> None:
    q, k = torch.randn(2, 2, 3, 11, 9, generator=generator("wide")).unbind()
    v, mask = torch.randn(2, 3, 11, 5, generator=generator("values")), torch.ones(11, 11, dtype=torch.bool).tril()
    with mock.patch.object(F, "scaled_dot_product_attention", wraps=F.scaled_dot_product_attention) as kernel:
        mixed = attention.fused(q, k, v, scale=0.3, mask=mask if masked else None)
    assert [each.shape[-1] for each in kernel.call_args.args] == [9, 9, 9]
    weights = (0.3 * q @ k.transpose(-1, -2)).masked_fill(~mask, -math.inf).softmax(dim=-1)
    torch.testing.assert_close(mixed, weights @ v)


def test_positions_are_sampled_only_in_training() -> None:
    given: list[torch.Generator | None] = []

    class Sampling(Encoding):
        name = "sampling"

        def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
            given.append(generator)
            return super().positions(tokens)

    model, sampler = build(Sampling), torch.Generator()
    model(rows(), sampler=sampler)
    model(rows())
    assert given == [sampler, None]


def test_a_bias_is_added_to_scaled_scores() -> None:
    """The order: divide by sqrt(D), add the bias, mask, rescore."""

    class Ordered(Encoding):
        name = "ordered"

        def bias(self, site: Site) -> Tensor:
            return torch.full((1, 1, 3, 3), 5.0)

        def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
            return 2 * scores

    q, k = (torch.randn(1, 2, 3, 7, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    site = Site.of(torch.zeros(1, 3, 14), torch.arange(3)[None])
    final = attention.scores(q, k, site, Ordered(Shape(width=14, heads=2, layers=1, train_length=3)), 1 / math.sqrt(7))
    for head in range(2):
        for i in range(3):
            for j in range(3):
                score = 2 * (q[0, head, i] @ k[0, head, j] / math.sqrt(7) + 5)
                assert final[0, head, i, j].item() == pytest.approx(score.item() if j <= i else -math.inf, abs=1e-5)


@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("shape", [(1, 3, 11, 11), (1, 1, 1, 11), (2, 3, 1, 11)])
def test_a_bias_is_broadcast_against_a_mask_of_each_row(shape: tuple[int, ...], grad: bool) -> None:
    class Constant(Encoding):
        name = "constant"

        def bias(self, site: Site) -> Tensor:
            return table

    table = torch.randn(shape, generator=generator("constant"))
    q, k, v = torch.randn(3, 2, 3, 11, 5, generator=generator("queries")).unbind()
    mask = torch.ones(2, 1, 11, 11, dtype=torch.bool).tril()
    mask[1, :, :, :2] = torch.eye(11, dtype=torch.bool)[:, :2]
    site = replace(Site.of(torch.zeros(2, 11, 15), torch.arange(11)[None]), mask=mask)
    with torch.set_grad_enabled(grad):
        mixed, _ = attention.attend(q, k, v, site, Constant(SHAPE), scale=0.5)
    weights = (0.5 * q @ k.transpose(-1, -2) + table).masked_fill(~mask, -math.inf).softmax(dim=-1)
    torch.testing.assert_close(mixed, weights @ v)


@pytest.mark.parametrize("grad", [True, False])
def test_scores_that_an_encoding_unmasks_are_masked_again(grad: bool) -> None:
    class Open(Encoding):
        name = "open"

        def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
            return torch.zeros_like(scores)

    q, k, v = torch.randn(3, 2, 3, 11, 5, generator=generator("queries")).unbind()
    site = Site.of(torch.zeros(2, 11, 15), torch.arange(11)[None])
    with torch.set_grad_enabled(grad):
        mixed, _ = attention.attend(q, k, v, site, Open(SHAPE), scale=0.5)
    torch.testing.assert_close(mixed, v.cumsum(dim=2) / torch.arange(1, 12)[:, None])


def test_scores_that_an_encoding_keeps_are_not_changed() -> None:
    kept = torch.randn(BATCH, SHAPE.heads, LENGTH, LENGTH, generator=generator("kept"))

    class Keeping(Encoding):
        name = "keeping"

        def rescore(self, scores: Tensor, q: Tensor, k: Tensor, site: Site) -> Tensor:
            return kept

    before = kept.clone()
    with torch.inference_mode():
        build(Keeping)(rows())
    assert torch.equal(kept, before)
