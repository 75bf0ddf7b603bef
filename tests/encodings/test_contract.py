"""The contract of every registered encoding and some variants: all checks pass, and so do tests of what they leave out.

Sizes are distinct primes, so that no transposed axis fits. Every property is tested on a whole transformer, since what
matters is how the hooks work together.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

import pytest
import torch
from jaxtyping import TypeCheckError
from torch import Tensor

from benchmark.catalogue import Choice
from benchmark.checks.encoding import CHECKS, check
from benchmark.checks.facts import facts
from benchmark.checks.subject import Subject
from benchmark.encodings import CATALOGUE, make, measured, path
from benchmark.encodings.bases import RelativeBias
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model import attention
from benchmark.model.bias import dense
from benchmark.model.transformer import Cache, Transformer

BATCH, VOCABULARY, LENGTH = 2, 13, 11
DIGITS = tuple(range(2, 12))  # for encodings that read numbers
# An odd head width, and a number of heads that is not a power of two.
SHAPE = Shape(width=21, heads=3, layers=2, train_length=LENGTH, digits=DIGITS, marks=(1, 7, 12))
VARIANTS = ["rope:interleaved=true", "rope:fraction=0.6", "hybrid:window=3", "logn:base=cope"]
VARIANTS += ["ssmax:base=cope", "ssmax:base=none", "irope:base=alibi", "irope:every=0", "sinks:base=fox"]
VARIANTS += ["bipe:base=alibi:scale=96", "fope:base=2", "selective-rope:gate=false", "xpos:scale_base=31"]
VARIANTS += ["grape-a:queries=true", "grape-m:context=true", "wall:start=0"]
VARIANTS += [f"randomized:limit=97:base={base}" for base in ("alibi", "learned", "sinusoidal")]
CHOICES = [*CATALOGUE.names(), *VARIANTS]

MADE = {choice: make(choice, SHAPE) for choice in CHOICES}


def those(keep: Callable[[Encoding], bool]) -> pytest.MarkDecorator:
    """A test of the encodings that fulfil a condition."""
    return pytest.mark.parametrize("choice", [choice for choice, encoding in MADE.items() if keep(encoding)])


every_encoding = those(lambda encoding: True)
relative_biases = those(lambda encoding: isinstance(encoding, RelativeBias))
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
def test_every_check_passes(choice: str) -> None:
    outcomes = check(CATALOGUE.choice(choice))
    assert [found.name for found in outcomes] == [each.name for each in CHECKS]
    assert [f"{found.name}: {found.detail}" for found in outcomes if found.status == "fail"] == []
    told = {found.name: found.detail for found in outcomes if found.status == "fact"}
    assert told.keys() | {"KV cache"} == {"same as", "kernel", "KV cache", "parameters", "operations"}
    assert told["same as"].startswith("no other registered encoding ")  # each is here once
    assert all(found.detail and not found.remedy for found in outcomes)


@pytest.mark.parametrize("name", CATALOGUE.names())
def test_list_shows_what_is_measured(name: str) -> None:
    assert measured()[name] == facts(CATALOGUE.choice(name)), "run: python tests/encodings/facts.py"


@those(lambda encoding: encoding.max_length is not None)
@both_kernels
def test_an_encoding_that_ends_names_the_first_position_past_its_end(choice: str, eager: bool) -> None:
    model = build(choice)
    limit = model.encoding.max_length
    with pytest.raises(ValueError, match=rf"position {limit} is past the end"), torch.inference_mode():
        outputs(model, rows(limit + 1), eager)


def test_only_tables_end() -> None:
    ends = {name: make(name, SHAPE).max_length for name in CATALOGUE.names() if make(name, SHAPE).max_length}
    assert ends == {"learned": LENGTH, "randomized": 2048, "tupe": LENGTH}


@those(lambda encoding: not encoding.relative)
def test_a_shift_of_all_positions_changes_something_unless_relative_is_claimed(choice: str) -> None:
    model = build(choice)
    # Past the trained length if the encoding has no end: within it, one that adapts to the length may be relative.
    # 4 * LENGTH would be 7.003 turns by a radian a token, and 3 * LENGTH four groups of self-extend and one token.
    far, tokens = (4 * LENGTH + 2, rows()) if model.encoding.max_length is None else (4, rows(7))
    with torch.inference_mode():
        before = outputs(model, tokens)
        shift_positions(model, by=far)
        assert (outputs(model, tokens) - before).abs().amax() > 1e-2


@those(lambda encoding: not encoding.causal_only)
def test_order_matters_unless_nothing_is_claimed(choice: str) -> None:
    """Without a causal mask, only a position encoding can tell two orders of the same tokens apart."""
    model, tokens = build(choice), rows(7)
    with torch.inference_mode():
        difference = (outputs(model, tokens, causal=False) - outputs(model, tokens.flip(1), causal=False).flip(1)).abs()
        # Unsigned distances are the same in both orders: swap two neighbours instead.
        swapped = tokens[:, [1, 0, 2, 3, 4, 5, 6]]
        last = (outputs(model, tokens, causal=False) - outputs(model, swapped, causal=False))[:, -1].abs().amax()
    subject = Subject(choice=CATALOGUE.choice(choice))
    if subject.acts == "nothing" or subject.around_nothing:
        assert difference.amax() < 1e-5
        assert last < 1e-5
    else:
        assert last > 1e-3


@those(lambda encoding: encoding.length_aware)
@both_kernels
def test_decoding_differs_from_the_full_pass_where_the_length_counts(choice: str, eager: bool) -> None:
    # A short trained length, since the length may matter only past it.
    model, tokens = build(choice, replace(SHAPE, train_length=3)), rows()
    with torch.inference_mode():
        whole = outputs(model, tokens)
        for steps in ([1] * LENGTH, [2, 4, 3, 2], [LENGTH]):
            cache = Cache()
            parts = [
                model(part, cache=cache, weights=[] if eager else None) for part in torch.split(tokens, steps, dim=1)
            ]
            if len(steps) > 1:
                assert (torch.cat(parts, dim=1) - whole).abs().amax() > 1e-4
            else:
                close(parts[0], whole)


@every_encoding
@pytest.mark.parametrize("at_once", [0, 3])  # 0: not even one query fits, so blocks have one
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
def test_long_rows_have_the_same_values_in_blocks(choice: str, masked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a mask a block has all keys, and its queries need not be the last tokens."""
    length = 70
    monkeypatch.setattr(path, "CHUNK", 9)
    encoding = make(choice, SHAPE)
    if encoding.causal_only and masked == "both ways":
        pytest.skip("causal_only")
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
        assert (actual.float() - expected).abs().mean() < 0.03  # outputs have unit variance, and bfloat16 keeps 8 bits


@those(lambda encoding: not encoding.causal_only)
def test_bidirectionally_the_first_token_sees_the_last(choice: str) -> None:
    model, tokens = build(choice), rows()
    changed = tokens.clone()
    changed[:, -1] = (changed[:, -1] + 1) % VOCABULARY
    with torch.inference_mode():
        before, after = outputs(model, tokens, causal=False), outputs(model, changed, causal=False)
    assert before.isfinite().all()
    assert (after - before)[:, 0].abs().amax() > 1e-3


def test_a_causal_only_encoding_is_refused_without_a_causal_mask() -> None:
    class CausalOnly(Encoding):
        name = "causal-only"
        causal_only = True

    model = Transformer(VOCABULARY, SHAPE, lambda own, layer: CausalOnly(own))
    model.initialise(0)
    assert outputs(model, rows()).isfinite().all()
    with pytest.raises(ValueError, match="causal-only is defined only for causal attention"):
        outputs(model, rows(), causal=False)


@every_encoding
def test_own_weights_depend_only_on_name_seed_and_layer(choice: str) -> None:
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
    """The test above would pass for encodings that draw nothing; this one does draw."""
    assert make("learned", SHAPE).table.std().item() == pytest.approx(SHAPE.width**-0.5, rel=0.15)


@those(lambda encoding: isinstance(encoding, RelativeBias) and not encoding.per_layer)
def test_a_shared_relative_bias_is_computed_once_per_forward_pass(choice: str) -> None:
    model = build(choice, replace(SHAPE, layers=5))
    with counted(model.encoding, "at") as at:
        outputs(model, rows())
    assert at.call_count == 1
    assert at.call_args.args[0].shape == (2 * LENGTH - 1,)


@relative_biases
def test_a_relative_bias_is_the_same_by_distance_and_pair_by_pair(choice: str) -> None:
    """The Toeplitz layout for consecutive positions equals the general one."""
    model = build(choice)
    with torch.inference_mode():
        expected = outputs(model, rows())
        unbatched = model.encoding.positions
        model.encoding.positions = lambda tokens, generator=None: unbatched(tokens, generator).expand(len(tokens), -1)
        with counted(model.encoding, "at") as at:
            close(outputs(model, rows()), expected)
    assert at.call_args.args[0].shape == (BATCH, LENGTH, LENGTH)


@relative_biases
@pytest.mark.parametrize("places", [[3, 4, 5, 6, 7], [0, 1, 4, 5, 9], [0, 2, 4, 6, 8], [4, 3, 2, 1, 0]])
def test_a_relative_bias_follows_positions_with_gaps(choice: str, places: list[int]) -> None:
    encoding = make(choice, SHAPE)
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


def test_shapes_are_checked_under_test() -> None:
    """The import hook of tests/conftest.py is active: a wrong shape is caught."""
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
