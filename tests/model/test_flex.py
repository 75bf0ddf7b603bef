"""A bias computed pair by pair in the kernel gives the values of a dense one.

Without a GPU, uncompiled FlexAttention stands in for the compiled kernel: same interface, all scores at once.
"""

import math
import subprocess
import sys
import warnings

import pytest
import torch
from torch.nn.attention.flex_attention import flex_attention

from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.encodings.fire import Fire
from benchmark.model import attention, flex
from benchmark.model.bias import dense, pairwise
from benchmark.model.hooks import overrides

HEADS, WIDTH, LENGTH = 3, 16, 300  # not a multiple of a tile
SHAPE = Shape(width=HEADS * WIDTH, heads=HEADS, layers=2, train_length=32)


def site_of(length: int, device: str = "cpu") -> Site:
    positions = torch.arange(length, device=device)[None]
    return Site.of(torch.empty(1, length, 0, device=device), positions, counted=True)


def drawn(length: int, device: str = "cpu") -> list[torch.Tensor]:
    draws = torch.Generator().manual_seed(1)
    return [torch.randn(2, HEADS, length, WIDTH, generator=draws).to(device) for _ in range(3)]


def test_every_bias_that_can_be_is_known_pair_by_pair() -> None:
    known = {name for name in CATALOGUE.names() if _offers(name)}
    assert known == {"alibi", "t5", "fire", "kerple-log", "kerple-power", "sandwich", "tisa"}


def _offers(name: str) -> bool:
    stated = CATALOGUE.entry(name).attributes
    if stated.get("numbers") or stated.get("segments"):
        return False
    encoding = make(name, SHAPE)
    length = SHAPE.train_length
    site = Site.of(torch.zeros(1, length, SHAPE.width), torch.arange(length)[None])
    return not overrides(encoding, "rescore") and pairwise(encoding.bias(site), site) is not None


@pytest.mark.parametrize(
    "label", ["alibi", "t5", "fire", "kerple-log", "kerple-power", "sandwich", "tisa", "logn:base=alibi"]
)
def test_the_bias_at_each_pair_equals_the_dense_one(label: str) -> None:
    encoding, site = make(label, SHAPE), site_of(LENGTH)
    bias = encoding.bias(site)
    at_pair = pairwise(bias, site)
    assert at_pair is not None
    heads, places = torch.arange(HEADS)[:, None, None], torch.arange(LENGTH)
    with torch.no_grad():
        found = at_pair(heads, places[:, None], places).expand(HEADS, LENGTH, LENGTH)
        wanted = dense(bias, site)
    behind = torch.ones(LENGTH, LENGTH, dtype=torch.bool).tril()
    torch.testing.assert_close(found[:, behind], wanted[0].expand(HEADS, -1, -1)[:, behind], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("label", ["alibi", "fire"])
def test_values_equal_those_of_a_dense_bias(label: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing is traced: the compiler cannot follow the type checks that tests wrap around every function.
    monkeypatch.setattr("torch.nn.attention.flex_attention._FLEX_ATTENTION_DISABLE_COMPILE_DEBUG", True)
    encoding, site, (q, k, v) = make(label, SHAPE), site_of(LENGTH), drawn(LENGTH)
    scale = 1 / math.sqrt(WIDTH)
    with torch.no_grad():
        wanted, _ = attention.attend(q, k, v, site, encoding, scale=scale, weights=True)
        at_pair = pairwise(encoding.bias(site), site)
        assert at_pair is not None
        found = flex.by(flex_attention, q, k, v, at_pair, scale)
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)


def test_rows_with_different_positions_have_no_pairwise_bias() -> None:
    positions = torch.stack((torch.arange(40), torch.arange(40) * 2))
    site = Site.of(torch.empty(2, 40, 0), positions)
    for label in ("alibi", "fire"):
        assert pairwise(make(label, SHAPE).bias(site), site) is None
    assert pairwise(Encoding(SHAPE).bias(site), site) is None


def test_a_subclass_with_another_formula_has_no_pairwise_bias() -> None:
    class Flat(Fire):
        def read(self, share: torch.Tensor) -> torch.Tensor:
            return torch.zeros_like(share)

    site = site_of(40)
    assert pairwise(Fire(SHAPE).bias(site), site) is not None
    assert pairwise(Flat(SHAPE).bias(site), site) is None


def mix(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, site: Site, encoding: Encoding) -> torch.Tensor | None:
    return flex.mix(q, k, v, site, encoding, encoding.bias(site), 1.0)


def test_running_out_of_memory_is_not_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(flex, "_compiled", lambda: full)
    with pytest.raises(torch.OutOfMemoryError):
        mix(*drawn(40), site_of(40), make("alibi", SHAPE))
    assert not flex._refused


def test_without_a_compiler_it_warns_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> torch.Tensor:
        raise RuntimeError("no C compiler\nand more")

    monkeypatch.setattr(flex, "_compiled", lambda: broken)
    monkeypatch.setattr(flex, "_refused", set())
    site, (q, k, v) = site_of(40), drawn(40)
    for label in ("alibi", "t5"):  # each is tried, whether or not another failed
        with pytest.warns(
            UserWarning, match=f"^{label}: FlexAttention refused, so queries go in blocks: no C compiler$"
        ):
            assert mix(q, k, v, site, make(label, SHAPE)) is None
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert mix(q, k, v, site, make(label, SHAPE)) is None


ON_GPU = """
import math, sys, warnings
import torch
from benchmark.encodings import make
from benchmark.encodings.encoding import Shape, Site
from benchmark.model import attention, flex

warnings.simplefilter("error", UserWarning)  # of a kernel that is refused
shape = Shape(width=48, heads=3, layers=1, train_length=32)
encoding, draws = make(sys.argv[1], shape).cuda(), torch.Generator().manual_seed(1)
for length in (300, 1024, 2000, 4096, 5000, 8192, 10_000, 12_288, 16_384, 20_000):
    q, k, v = (torch.randn(2, 3, length, 16, generator=draws).cuda() for _ in range(3))
    found = []
    for flex.PAYS in (1, 2**60):
        places = torch.arange(length, device="cuda")[None]
        site = Site.of(torch.empty(1, length, 0, device="cuda"), places, counted=True)
        with torch.inference_mode():
            found.append(attention.attend(q, k, v, site, encoding, scale=0.25)[0])
    torch.testing.assert_close(*found, rtol=1e-3, atol=1e-4)
"""


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.parametrize("label", ["alibi", "t5", "fire", "kerple-log"])
def test_on_a_gpu_the_kernel_equals_blocks_at_every_length(label: str) -> None:
    """In a separate process: the compiler cannot follow the type checks that tests wrap around every function."""
    done = subprocess.run([sys.executable, "-c", ON_GPU, label], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr[-3000:]
