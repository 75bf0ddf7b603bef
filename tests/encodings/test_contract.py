"""The contract, held against every registered encoding, with its variants.

Sizes are distinct primes, so that no transposed axis fits. Every property is tested on a whole transformer: what the
hooks do together is what counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

import pytest
import torch
from jaxtyping import TypeCheckError
from torch import Tensor

from benchmark.catalogue import Choice
from benchmark.encodings import CATALOGUE, make, path
from benchmark.encodings.bases import RelativeBias
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model import attention
from benchmark.model.bias import dense
from benchmark.model.transformer import Cache, Transformer

BATCH, VOCABULARY, LENGTH = 2, 13, 11
DIGITS = tuple(range(2, 12))  # for encodings that read numbers
SHAPE = Shape(
    width=21, heads=3, layers=2, train_length=LENGTH, digits=DIGITS
)  # head width 7: odd; 3 heads: no power of two
SHAPES = [
    Shape(width=width, heads=heads, layers=2, train_length=LENGTH, digits=DIGITS)
    for heads, width in ((1, 5), (5, 20), (6, 18))
]
VARIANTS = ["rope:interleaved=true", "rope:fraction=0.6", "hybrid:window=3", "logn:base=cope"]
VARIANTS += ["fope:base=2", "selective-rope:gate=false", "xpos:scale_base=31"]
VARIANTS += [f"randomized:limit=97:base={base}" for base in ("alibi", "learned", "sinusoidal")]
CHOICES = [*CATALOGUE.names(), *VARIANTS]

every_encoding = pytest.mark.parametrize("choice", CHOICES)
both_kernels = pytest.mark.parametrize("eager", [False, True], ids=["fastest", "eager"])


def build(choice: str, shape: Shape = SHAPE, seed: int = 0) -> Transformer:
    model = Transformer(VOCABULARY, shape, lambda own, layer: make(choice, own, seed=seed, layer=layer))
    model.initialise(seed)
    return model.eval()


def rows(length: int = LENGTH, seed: int = 0) -> Tensor:
    return torch.randint(VOCABULARY, (BATCH, length), generator=torch.Generator().manual_seed(seed))


def outputs(model: Transformer, tokens: Tensor, eager: bool = False, causal: bool = True) -> Tensor:
    return model(tokens, weights=[] if eager else None, causal=causal)


def gradients(model: Transformer, tokens: Tensor, eager: bool = False, causal: bool = True) -> dict[str, Tensor]:
    model.zero_grad()
    logits = model.logits(outputs(model, tokens, eager, causal))
    target = torch.randn(logits.shape, generator=torch.Generator().manual_seed(7))
    (logits * target).sum().backward()
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None}


def shift_positions(model: Transformer, by: int) -> None:
    unshifted = model.encoding.positions
    model.encoding.positions = lambda tokens, generator=None: unshifted(tokens, generator) + by


@contextmanager
def counted(owner: object, name: str) -> Iterator[mock.Mock]:
    with mock.patch.object(owner, name, wraps=getattr(owner, name)) as spy:
        yield spy


def close(actual: Tensor, expected: Tensor, tolerance: float = 1e-5) -> None:
    torch.testing.assert_close(actual, expected, atol=tolerance, rtol=tolerance)


@every_encoding
@both_kernels
def test_a_token_changes_no_output_before_it_and_some_from_it_on(choice: str, eager: bool) -> None:
    model, tokens = build(choice), rows()
    with torch.inference_mode():
        before = outputs(model, tokens, eager)
        for place in range(LENGTH):
            changed = tokens.clone()
            changed[:, place:] = (changed[:, place:] + 1) % VOCABULARY
            after = outputs(model, changed, eager)
            close(after[:, :place], before[:, :place], 1e-6)
            assert (after[:, place] - before[:, place]).abs().amax() > 1e-2


@every_encoding
@both_kernels
def test_a_row_does_not_depend_on_the_others_of_its_batch(choice: str, eager: bool) -> None:
    model, tokens, others = build(choice), rows(), rows(seed=1)
    mixed = torch.stack((tokens[0], others[1]))
    with torch.inference_mode():
        close(outputs(model, mixed, eager)[0], outputs(model, tokens, eager)[0], 1e-6)


@every_encoding
@both_kernels
@pytest.mark.parametrize("length", [0, 1, LENGTH, LENGTH * 5 // 2])
def test_every_length_is_defined_or_refused(choice: str, eager: bool, length: int) -> None:
    model = build(choice)
    limit = model.encoding.max_length
    with torch.inference_mode():
        if limit is not None and length > limit:
            with pytest.raises(ValueError, match=r"position \d+ is past the end"):
                outputs(model, rows(length), eager)
        else:
            hidden = outputs(model, rows(length), eager)
            assert hidden.shape == (BATCH, length, SHAPE.width)
            assert hidden.isfinite().all()


def test_only_tables_end() -> None:
    ends = {name: make(name, SHAPE).max_length for name in CATALOGUE.names() if make(name, SHAPE).max_length}
    assert ends == {"learned": LENGTH, "randomized": 2048}


@every_encoding
@pytest.mark.parametrize("causal", [True, False], ids=["causal", "both-ways"])
def test_fused_equals_eager_in_outputs_and_gradients(choice: str, causal: bool) -> None:
    model, tokens = build(choice), rows()
    if model.encoding.causal_only and not causal:
        pytest.skip("defined for causal attention alone: test_attention_both_ways holds it to a refusal")
    close(outputs(model, tokens, False, causal), outputs(model, tokens, True, causal))
    fused, eager = gradients(model, tokens, False, causal), gradients(model, tokens, True, causal)
    assert fused.keys() == eager.keys()
    for name in fused:
        largest = eager[name].abs().amax()
        close(fused[name] / largest, eager[name] / largest)


@every_encoding
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: f"{shape.heads}x{shape.head_width}")
def test_any_head_count_and_width(choice: str, shape: Shape) -> None:
    model, tokens = build(choice, shape), rows()
    with torch.inference_mode():
        close(outputs(model, tokens), outputs(model, tokens, eager=True))


@every_encoding
def test_a_shift_of_all_positions_changes_nothing_where_and_only_where_that_is_claimed(choice: str) -> None:
    model, tokens = build(choice), rows(7)
    # Past the trained length where there is no end: within it, what adapts to length may be relative.
    far = 4 * LENGTH if model.encoding.max_length is None else 4
    with torch.inference_mode():
        before = outputs(model, tokens)
        shift_positions(model, by=far)
        difference = (outputs(model, tokens) - before).abs().amax()
    assert difference < 1e-5 if model.encoding.relative else difference > 1e-2


@every_encoding
def test_order_matters_unless_nothing_is_claimed(choice: str) -> None:
    """Without a causal mask, only a position encoding can tell two orders of the same tokens apart."""
    model, tokens = build(choice), rows(7)
    if model.encoding.causal_only:
        pytest.skip("defined for causal attention alone")
    with torch.inference_mode():
        difference = (outputs(model, tokens, causal=False) - outputs(model, tokens.flip(1), causal=False).flip(1)).abs()
        # Distances alone, without their sign, are the same in both orders: swap two neighbours instead.
        swapped = tokens[:, [1, 0, 2, 3, 4, 5, 6]]
        last = (outputs(model, tokens, causal=False) - outputs(model, swapped, causal=False))[:, -1].abs().amax()
    if model.encoding.acts == "nothing":
        assert difference.amax() < 1e-5
        assert last < 1e-5
    else:
        assert last > 1e-3


@every_encoding
@pytest.mark.parametrize("steps", [[1] * LENGTH, [5, 1, 3, 2], [LENGTH]], ids=["each", "tails", "whole"])
@both_kernels
def test_decoding_with_a_cache_equals_the_full_pass(choice: str, steps: list[int], eager: bool) -> None:
    model, tokens, cache = build(choice), rows(), Cache()
    if model.encoding.length_aware:
        model = build(choice, replace(SHAPE, train_length=3))  # a length may count only past the trained one
    with torch.inference_mode():
        parts = [model(part, cache=cache, weights=[] if eager else None) for part in torch.split(tokens, steps, dim=1)]
        decoded, whole = torch.cat(parts, dim=1), outputs(model, tokens)
    if model.encoding.length_aware and len(steps) > 1:
        assert (decoded - whole).abs().amax() > 1e-4
    else:
        close(decoded, whole)


@every_encoding
@pytest.mark.parametrize("at_once", [0, 1, 3])
def test_blocked_evaluation_equals_the_full_pass(choice: str, at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model, tokens = build(choice), rows()
    with torch.inference_mode():
        modes = [True] if model.encoding.causal_only else [True, False]
        whole = [outputs(model, tokens, causal=causal) for causal in modes]
        monkeypatch.setattr(attention, "BLOCK_SCORES", at_once * BATCH * SHAPE.heads * LENGTH)
        with counted(attention, "_mix_in_blocks") as blocked:
            for causal, expected in zip(modes, whole, strict=True):
                close(outputs(model, tokens, causal=causal), expected)
            if not model.encoding.length_aware:
                cache = Cache()
                tails = [model(part, cache=cache) for part in torch.split(tokens, [4, 7], dim=1)]
                close(torch.cat(tails, dim=1), whole[0])
    assert blocked.call_count >= SHAPE.layers


@pytest.mark.parametrize("choice", [*CHOICES, "cope:places=3", "shaw:clip=2"])
@pytest.mark.parametrize("masked", ["padding", "both ways", "no mask"])
def test_long_rows_go_in_blocks_to_the_same_values(choice: str, masked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a mask a block has all keys, and its queries are not the last of them."""
    length = 70
    monkeypatch.setattr(path, "CHUNK", 9)
    encoding = make(choice, SHAPE)
    if encoding.causal_only and masked == "both ways":
        pytest.skip("defined for causal attention alone")
    if encoding.max_length is not None and encoding.max_length < length:
        pytest.skip("too short")
    draws = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for weight in encoding.parameters():
            weight.copy_(weight + torch.randn(weight.shape, generator=draws) / 4)
    positions = encoding.positions(rows(length))
    site = Site.of(torch.randn(BATCH, length, SHAPE.width, generator=draws), positions, causal=masked != "both ways")
    if masked == "padding":
        seen = site.visible.repeat(BATCH, 1, 1, 1)
        seen[1, :, :, :5] &= torch.eye(length, dtype=torch.bool)[:, :5]
        site = replace(site, mask=seen)
    q, k, v = torch.randn(3, BATCH, SHAPE.heads, length, SHAPE.head_width, generator=draws).unbind()

    def mixed() -> Tensor:
        own = replace(site, shared={})
        with torch.inference_mode():
            return attention.attend(*encoding.rotate(q, k, own), v, own, encoding, scale=0.5)[0]

    whole = mixed()
    monkeypatch.setattr(attention, "BLOCK_SCORES", 13 * BATCH * SHAPE.heads * length)
    close(mixed(), whole, 1e-4)


@every_encoding
def test_gradients_reach_every_parameter(choice: str) -> None:
    model = build(choice)
    reached = gradients(model, rows())
    assert reached.keys() == dict(model.named_parameters()).keys()
    for name, gradient in reached.items():
        assert gradient.isfinite().all(), name
        assert gradient.count_nonzero() > 0, name


@every_encoding
def test_bfloat16_is_close_to_float32(choice: str) -> None:
    model, tokens = build(choice), rows()
    with torch.inference_mode():
        expected = outputs(model, tokens)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed = outputs(model, tokens)
        cast = outputs(model.bfloat16(), tokens)
    assert cast.dtype == torch.bfloat16
    for actual in (mixed, cast):
        assert (actual.float() - expected).abs().mean() < 0.03  # outputs have unit variance; bfloat16 keeps 8 bits


@every_encoding
def test_attention_both_ways_is_defined_or_refused(choice: str) -> None:
    model, tokens = build(choice), rows()
    changed = tokens.clone()
    changed[:, -1] = (changed[:, -1] + 1) % VOCABULARY
    if model.encoding.causal_only:
        with pytest.raises(ValueError, match="only for causal attention"):
            outputs(model, tokens, causal=False)
        return
    with torch.inference_mode():
        before, after = outputs(model, tokens, causal=False), outputs(model, changed, causal=False)
    assert before.isfinite().all()
    assert (after - before)[:, 0].abs().amax() > 1e-3  # the first token sees the last


def test_an_encoding_for_causal_attention_alone_is_refused_elsewhere() -> None:
    class CausalOnly(Encoding):
        name = "causal-only"
        causal_only = True

    model = Transformer(VOCABULARY, SHAPE, lambda own, layer: CausalOnly(own))
    model.initialise(0)
    assert outputs(model, rows()).isfinite().all()
    with pytest.raises(ValueError, match="causal-only is defined only for causal attention"):
        outputs(model, rows(), causal=False)


@every_encoding
def test_own_weights_depend_on_name_seed_and_layer_alone(choice: str) -> None:
    torch.manual_seed(1)
    first = make(choice, SHAPE, seed=3, layer=1).state_dict()
    torch.manual_seed(2)
    again = make(choice, SHAPE, seed=3, layer=1).state_dict()
    other = make(choice, SHAPE, seed=4, layer=1).state_dict()
    deeper = make(choice, SHAPE, seed=3, layer=2).state_dict()
    for name, weight in first.items():
        assert torch.equal(weight, again[name])
    drawn = [name for name, weight in first.items() if weight.unique().numel() > 1]
    for name in drawn:
        assert not torch.equal(first[name], other[name])
        assert not torch.equal(first[name], deeper[name])


def test_the_learned_table_is_drawn() -> None:
    """The test above would pass on an encoding that draws nothing; one of the five does draw."""
    assert make("learned", SHAPE).table.std().item() == pytest.approx(SHAPE.width**-0.5, rel=0.15)


@every_encoding
def test_building_and_running_leave_the_callers_randomness_alone(choice: str) -> None:
    model = build(choice)
    torch.manual_seed(5)  # a state that no encoding's own seed could leave
    before = torch.get_rng_state()
    make(choice, SHAPE)
    outputs(model, rows())
    assert torch.equal(torch.get_rng_state(), before)


@every_encoding
def test_a_shared_relative_bias_is_computed_once_a_forward_pass(choice: str) -> None:
    model = build(choice, Shape(width=21, heads=3, layers=5, train_length=LENGTH, digits=DIGITS))
    encoding = model.encoding
    if not isinstance(encoding, RelativeBias) or encoding.per_layer:
        pytest.skip("no bias of distance alone that all layers share")
    with counted(encoding, "at") as at:
        outputs(model, rows())
    assert at.call_count == 1
    assert at.call_args.args[0].shape == (2 * LENGTH - 1,)


@every_encoding
def test_a_relative_bias_is_the_same_laid_out_and_distance_by_distance(choice: str) -> None:
    """The Toeplitz road, for positions in a row, against the general one."""
    model = build(choice)
    if not isinstance(model.encoding, RelativeBias):
        pytest.skip("no bias of distance alone")
    with torch.inference_mode():
        expected = outputs(model, rows())
        unbatched = model.encoding.positions
        model.encoding.positions = lambda tokens, generator=None: unbatched(tokens, generator).expand(len(tokens), -1)
        with counted(model.encoding, "at") as at:
            close(outputs(model, rows()), expected)
    assert at.call_args.args[0].shape == (BATCH, LENGTH, LENGTH)


@every_encoding
@pytest.mark.parametrize("places", [[3, 4, 5, 6, 7], [0, 1, 4, 5, 9], [0, 2, 4, 6, 8], [4, 3, 2, 1, 0]])
def test_a_relative_bias_follows_the_positions_gaps_and_all(choice: str, places: list[int]) -> None:
    encoding = make(choice, SHAPE)
    if not isinstance(encoding, RelativeBias):
        pytest.skip("no bias of distance alone")
    site = Site.of(torch.zeros(1, 5, SHAPE.width), torch.tensor([places]))
    bias = dense(encoding.bias(site), site)
    for query, its_place in enumerate(places):
        for key, place in enumerate(places):
            close(bias[0, :, query, key], encoding.at(torch.tensor(its_place - place)))


@pytest.mark.parametrize("choice", VARIANTS)
def test_a_parameter_changes_the_outcome(choice: str) -> None:
    plain: Choice = CATALOGUE.choice(choice.partition(":")[0])
    with torch.inference_mode():
        assert (outputs(build(choice), rows()) - outputs(build(plain.label), rows())).abs().amax() > 1e-2


@pytest.mark.parametrize("setting", ["rope:base=1", "rope:fraction=0", "rope:fraction=1.5", "sinusoidal:base=0.5"])
def test_a_parameter_out_of_range_is_refused_by_name(setting: str) -> None:
    name, _, parameter = setting.partition(":")
    with pytest.raises(ValueError, match=f"{name}: {parameter.partition('=')[0]} is "):
        make(setting, SHAPE)


@pytest.mark.parametrize("field", ["width", "heads", "layers", "train_length"])
def test_a_shape_without_size_is_refused(field: str) -> None:
    sizes = {"width": 6, "heads": 3, "layers": 1, "train_length": 2}
    with pytest.raises(ValueError, match=f"{field} is 0, but must be at least 1"):
        Shape(**{**sizes, field: 0})


def test_a_width_that_heads_do_not_divide_is_refused() -> None:
    with pytest.raises(ValueError, match="width 7 is not a multiple of heads 3"):
        Shape(width=7, heads=3, layers=1, train_length=2)


def test_shapes_are_types_under_test() -> None:
    """The import hook of tests/conftest.py is at work: an annotation that lies is caught."""
    with pytest.raises(TypeCheckError, match="tokens"):
        build("none")(torch.zeros(2, 3, 5, dtype=torch.int64))
    with pytest.raises(TypeCheckError, match="hidden"):
        Site.of(torch.zeros(2, 3), torch.arange(3)[None])


@every_encoding
@both_kernels
def test_a_diverged_model_gives_nan_and_raises_nothing(choice: str, eager: bool) -> None:
    model = build(choice)
    with torch.no_grad():
        model.embedding.fill_(torch.nan)
    assert outputs(model.train(), rows(), eager).isnan().all()
    with torch.inference_mode():
        assert outputs(model.eval(), rows(), eager).isnan().all()
