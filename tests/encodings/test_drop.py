"""DroPE against RoPE in plain complex numbers while it lasts, and against nothing at all from then on."""

import cmath

import pytest
import torch
from torch import Tensor

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.model.transformer import Transformer

BATCH, HEADS, LENGTH = 2, 3, 11
PLACES = [0, 1, 2, 3, 5, 8, 13, 21, 34, 45, 55]
PRECISIONS = [(torch.float64, 1e-9), (torch.float32, 1e-5)]


def build(width: int, settings: str = "") -> Encoding:
    return make(f"drop{settings}", Shape(width=HEADS * width, heads=HEADS, layers=1, train_length=LENGTH))


def site() -> Site:
    return Site.of(torch.zeros(BATCH, LENGTH, 5), torch.tensor([PLACES]))


def draw(width: int, dtype: torch.dtype, seed: int = 0) -> Tensor:
    draws = torch.Generator().manual_seed(seed)
    return torch.randn(BATCH, HEADS, LENGTH, width, generator=draws, dtype=dtype)


def turned(x: Tensor, base: float) -> Tensor:
    """Pairs as complex numbers, times the number of the angle."""
    half = x.shape[-1] // 2
    angles = [[cmath.exp(1j * place * base ** (-pair / half)) for pair in range(half)] for place in PLACES]
    pairs = torch.complex(x[..., :half], x[..., half : 2 * half]) * torch.tensor(angles, dtype=torch.complex128).to(
        x.dtype.to_complex()
    )
    return torch.cat((pairs.real, pairs.imag, x[..., 2 * half :]), dim=-1)


@pytest.mark.parametrize("width, settings, base", [(2, "", 1e4), (7, "", 1e4), (10, ":base=500000", 5e5)])
@pytest.mark.parametrize("dtype, tolerance", PRECISIONS)
def test_while_it_lasts_rotation_and_its_gradients_are_those_of_rope(
    width: int, settings: str, base: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding = build(width, settings)
    encoding.schedule(0.5)
    q, k = draw(width, dtype).requires_grad_(), draw(width, dtype, seed=1).requires_grad_()
    ours = torch.stack(encoding.rotate(q, k, site()))
    theirs = torch.stack([turned(x, base) for x in (q, k)])
    torch.testing.assert_close(ours, theirs, atol=tolerance, rtol=tolerance)
    downstream = torch.stack((draw(width, dtype, seed=2), draw(width, dtype, seed=3)))
    mine, wanted = (torch.autograd.grad(each, (q, k), downstream) for each in (ours, theirs))
    torch.testing.assert_close(mine, wanted, atol=tolerance, rtol=tolerance)


def rotates(encoding: Encoding) -> bool:
    q = draw(7, torch.float32)
    return not torch.equal(encoding.rotate(q, q, site())[0], q)


@pytest.mark.parametrize("settings, lasts", [("", 14), (":share=0.25", 12), (":share=0.9", 2), (":share=0.001", 16)])
def test_of_16_steps_all_but_the_last_share_rotate(settings: str, lasts: int) -> None:
    """By default 14: the paper drops at 14 of 16 billion tokens."""
    encoding, told = build(7, settings), []
    for step in range(16):
        encoding.schedule(step / 16)
        told.append(rotates(encoding))
    assert told == [True] * lasts + [False] * (16 - lasts)


def test_never_told_nothing_rotates() -> None:
    assert not rotates(build(7))
    assert not rotates(build(7).eval())


def test_at_test_time_nothing_rotates_whatever_was_told_last() -> None:
    encoding = build(7)
    encoding.schedule(0.0)
    assert rotates(encoding)
    assert not rotates(encoding.eval())


def test_a_trained_model_is_one_without_any_encoding() -> None:
    shape = Shape(width=21, heads=HEADS, layers=2, train_length=LENGTH)
    dropped, none = (
        Transformer(13, shape, lambda own, layer, name=name: make(name, own, layer=layer)) for name in ("drop", "none")
    )
    tokens = torch.randint(13, (BATCH, LENGTH), generator=torch.Generator().manual_seed(0))
    for model in (dropped, none):
        model.initialise(0)
    dropped.schedule(0.8)
    assert (dropped(tokens) - none(tokens)).abs().amax() > 1e-2
    dropped.schedule(0.875)
    assert torch.equal(dropped(tokens), none(tokens))


def test_angles_are_float32_in_a_bfloat16_model() -> None:
    encoding = build(10).bfloat16()
    encoding.schedule(0.0)
    q, far = draw(10, torch.bfloat16), torch.arange(4001, 4001 + LENGTH)[None]
    here = Site.of(torch.zeros(BATCH, LENGTH, 5), far)
    ours, _ = encoding.rotate(q, q, here)
    assert ours.dtype == torch.bfloat16
    exact, _ = make("rope", encoding.shape).rotate(q.double(), q.double(), here)
    torch.testing.assert_close(ours.double(), exact, atol=0.05, rtol=0.05)


@pytest.mark.parametrize(
    "setting, error", [("base=1", "base is 1"), ("share=0", "share is 0"), ("share=1", "share is 1")]
)
def test_bad_values_are_refused(setting: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"drop: {error}"):
        build(7, f":{setting}")
