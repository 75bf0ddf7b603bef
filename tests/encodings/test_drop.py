"""DroPE against RoPE in complex numbers while it lasts, and against no encoding from then on."""

import pytest
import torch
from oracle import BATCH, HEADS, LENGTH, PLACES, both_precisions, build, hold_rotation, per_head, site, turned

from benchmark.encodings import make
from benchmark.encodings.encoding import Encoding, Shape
from benchmark.model.transformer import Transformer


@pytest.mark.parametrize("width, settings, base", [(2, "", 1e4), (7, "", 1e4), (10, ":base=500000", 5e5)])
@both_precisions
def test_while_it_lasts_rotation_and_its_gradients_are_those_of_rope(
    width: int, settings: str, base: float, dtype: torch.dtype, tolerance: float
) -> None:
    encoding, half = build(f"drop{settings}", width), width // 2
    encoding.schedule(0.5)
    speeds = [base ** (-pair / half) for pair in range(half)]
    hold_rotation(encoding, width, site(PLACES), lambda x: turned(x, PLACES, speeds), dtype, tolerance)


def rotates(encoding: Encoding) -> bool:
    q = per_head(7, torch.float32)
    return not torch.equal(encoding.rotate(q, q, site(PLACES))[0], q)


@pytest.mark.parametrize("settings, lasts", [("", 14), (":share=0.25", 12), (":share=0.9", 2), (":share=0.001", 16)])
def test_of_16_steps_all_but_the_last_share_rotate(settings: str, lasts: int) -> None:
    """By default 14: the paper drops at 14 of 16 billion tokens."""
    encoding, told = build(f"drop{settings}", 7), []
    for step in range(16):
        encoding.schedule(step / 16)
        told.append(rotates(encoding))
    assert told == [True] * lasts + [False] * (16 - lasts)


def test_without_a_schedule_nothing_rotates() -> None:
    assert not rotates(build("drop", 7))
    assert not rotates(build("drop", 7).eval())


def test_at_test_time_nothing_rotates_whatever_the_schedule_said_last() -> None:
    encoding = build("drop", 7)
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
    encoding = build("drop", 10).bfloat16()
    encoding.schedule(0.0)
    q, here = per_head(10, torch.bfloat16), site(range(4001, 4001 + LENGTH))
    ours, _ = encoding.rotate(q, q, here)
    assert ours.dtype == torch.bfloat16
    exact, _ = make("rope", encoding.shape).rotate(q.double(), q.double(), here)
    torch.testing.assert_close(ours.double(), exact, atol=0.05, rtol=0.05)


@pytest.mark.parametrize(
    "setting, error", [("base=1", "base is 1"), ("share=0", "share is 0"), ("share=1", "share is 1")]
)
def test_bad_values_are_refused(setting: str, error: str) -> None:
    with pytest.raises(ValueError, match=f"drop: {error}"):
        build(f"drop:{setting}", 7)
