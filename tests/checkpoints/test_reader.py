"""Encodings in a checkpoint against attention worked out pair by pair, and the reading of rows in parts."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
import torch
from torch import Tensor, nn
from transformers import AttentionInterface

from benchmark.checkpoints import reader, row
from benchmark.checkpoints.checkpoint import Checkpoint, open_checkpoint
from benchmark.checkpoints.rope import Neutral
from benchmark.errors import UsageError

TOKENS = 131
ROW = tiny.tokens(TOKENS)
PLACES = torch.arange(1, TOKENS)
LENGTH = tiny.LENGTH
WINDOW = LENGTH // 4


def grouped(i: int, j: int) -> float:
    return i - j if i - j < WINDOW else i // 3 - j // 3 + WINDOW - WINDOW // 3


def leaky(i: int, j: int) -> float:
    w = LENGTH // 8
    return i - j if i - j < w else w + (i - j - w) / 16


DISTANCES: dict[str, Callable[[int, int], float]] = {
    "rerope": lambda i, j: min(i - j, LENGTH // 2),
    "leaky-rerope": leaky,
    "self-extend:group=3": grouped,
    "pi:factor=2.5": lambda i, j: (i - j) / 2.5,
    "none": lambda i, j: 0,
    "drop": lambda i, j: 0,
}


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    return open_checkpoint(str(tiny.save(tmp_path_factory.mktemp("llama"))), precision="float32")


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BLOCK_TOKENS", 29)


def by_pairs(
    distance: Callable[[int, int], float], sharpen: Callable[[int], float] = lambda i: 1.0, rotated: int | None = None
) -> Callable:
    """Attention where each pair of a query and a key is turned by the angle of its own distance, in float64.

    Only the first `rotated` channels are turned; all by default.
    """

    def attention(module: nn.Module, q: Tensor, k: Tensor, v: Tensor, mask: None, *, scaling: float, **_: object):
        shared, time = q.shape[1] // k.shape[1], q.shape[2]
        k, v = (x.repeat_interleave(shared, 1).double() for x in (k, v))
        pairs, turning = (rotated or q.shape[-1]) // 2, slice(0, rotated)
        apart = torch.tensor([[distance(i, j) for j in range(time)] for i in range(time)], dtype=torch.float64)
        angles = apart[..., None] * 443.0 ** (-torch.arange(pairs, dtype=torch.float64) / pairs)
        asking, asked = q[..., turning].double(), k[..., turning]
        turned = torch.complex(asking[..., :pairs], asking[..., pairs:])[:, :, :, None]
        held = torch.complex(asked[..., :pairs], asked[..., pairs:])[:, :, None]
        scores = (turned * torch.polar(torch.ones_like(angles), angles) * held.conj()).real.sum(-1)
        scores = (scores + q[..., 2 * pairs :].double() @ k[..., 2 * pairs :].transpose(-1, -2)) * scaling
        scores = scores * torch.tensor([[sharpen(i)] for i in range(time)])
        weights = scores.masked_fill(torch.ones(time, time).triu(1).bool(), -torch.inf).softmax(-1)
        return (weights @ v).to(q.dtype).transpose(1, 2), None

    return attention


def oracle(checkpoint: Checkpoint, attention: Callable) -> Tensor:
    """Log-likelihoods of the row by transformers' model with another attention."""
    from transformers import AutoModelForCausalLM

    AttentionInterface.register("by-pairs", attention)
    model = AutoModelForCausalLM.from_pretrained(checkpoint.source.folder, attn_implementation="by-pairs")
    model.base_model.rotary_emb = Neutral()
    with torch.inference_mode():
        return model(ROW[None]).logits[0].log_softmax(-1)[PLACES - 1, ROW[PLACES]].double()


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("encoding", DISTANCES)
def test_every_pair_is_turned_by_its_mapped_distance(checkpoint: Checkpoint, encoding: str) -> None:
    ours = checkpoint.reader(encoding).log_likelihoods(ROW, PLACES).log_likelihood
    torch.testing.assert_close(ours, oracle(checkpoint, by_pairs(DISTANCES[encoding])), rtol=0, atol=1e-4)


@pytest.mark.usefixtures("in_parts")
def test_logn_sharpens_queries_past_the_trained_length(checkpoint: Checkpoint) -> None:
    sharpen = by_pairs(lambda i, j: i - j, lambda i: max(1.0, math.log(i + 1) / math.log(LENGTH)))
    ours = checkpoint.reader("logn").log_likelihoods(ROW, PLACES).log_likelihood
    torch.testing.assert_close(ours, oracle(checkpoint, sharpen), rtol=0, atol=1e-4)


@pytest.mark.usefixtures("in_parts")
def test_iropes_temperature_alone_sharpens_queries_with_every_trained_length(checkpoint: Checkpoint) -> None:
    sharpen = by_pairs(lambda i, j: i - j, lambda i: 1 + 0.1 * math.log(1 + i // LENGTH))
    ours = checkpoint.reader("irope:every=0").log_likelihoods(ROW, PLACES).log_likelihood
    torch.testing.assert_close(ours, oracle(checkpoint, sharpen), rtol=0, atol=1e-4)


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("encoding", ["rerope", "self-extend:group=3", "pi:factor=2.5"])
def test_only_the_rotated_channels_of_a_head_are_turned(encoding: str, tmp_path: Path) -> None:
    phi = open_checkpoint(str(tiny.save(tmp_path / "model", "phi")), precision="float32")
    ours = phi.reader(encoding).log_likelihoods(ROW, PLACES).log_likelihood
    turned = by_pairs(DISTANCES[encoding], rotated=phi.facts.rotated)
    torch.testing.assert_close(ours, oracle(phi, turned), rtol=0, atol=1e-4)


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("encoding", ["rope", "self-extend:group=3", "logn", "alibi"])
def test_the_places_asked_for_do_not_change_the_answer(checkpoint: Checkpoint, encoding: str) -> None:
    asked = torch.tensor([83, 29, 30, 1, 83])
    some = checkpoint.reader(encoding).log_likelihoods(ROW, asked)
    every = checkpoint.reader(encoding).log_likelihoods(ROW, PLACES)
    torch.testing.assert_close(some.log_likelihood, every.log_likelihood[asked - 1], rtol=0, atol=1e-4)
    assert torch.equal(some.correct, every.correct[asked - 1])


CONTINUED = [
    "rope",
    "pi",
    "rerope",
    "logn",
    "alibi",
    "irope",
    "self-extend:group=3",
    "ntk-dynamic",
    "longrope",
]
TAILS = [ROW[73:79], ROW[90:131], ROW[73:74], ROW[80:86], ROW[:0], ROW[101:107], ROW[9:12]]


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("encoding", CONTINUED)
def test_a_continuation_is_worth_what_the_whole_row_says(checkpoint: Checkpoint, encoding: str) -> None:
    compare_continuations(checkpoint, encoding)


@pytest.mark.usefixtures("in_parts")
@pytest.mark.parametrize("encoding", ["rope", "self-extend:group=3", "ntk-dynamic"])
@pytest.mark.parametrize("architecture", ["mistral", "gemma2"])  # sliding windows; and scores that are bounded
def test_a_continuation_is_worth_the_same_in_layers_that_see_less(
    architecture: str, encoding: str, tmp_path: Path
) -> None:
    compare_continuations(open_checkpoint(str(tiny.save(tmp_path, architecture)), precision="float32"), encoding)


def compare_continuations(checkpoint: Checkpoint, encoding: str) -> None:
    reading = checkpoint.reader(encoding)
    for tail, found in zip(TAILS, reading.continuations(ROW[:73], TAILS), strict=True):
        places = torch.arange(73, 73 + len(tail))
        alone = reading.log_likelihoods(torch.cat((ROW[:73], tail)), places)
        torch.testing.assert_close(found.log_likelihood, alone.log_likelihood, rtol=0, atol=1e-4)
        assert torch.equal(found.correct, alone.correct)


def test_rows_of_one_length_are_read_once_if_a_token_depends_on_the_length(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, read = checkpoint.reader("ntk-dynamic"), []
    forward = reading.base.forward
    monkeypatch.setattr(
        reading.base, "forward", lambda input_ids, **rest: read.append(input_ids.shape[1]) or forward(input_ids, **rest)
    )
    reading.continuations(ROW[:73], TAILS)
    assert sorted(read) == [73, 74, 76, 73 + 3 * 6, 73 + 41]


def test_correct_is_the_most_likely_token(checkpoint: Checkpoint) -> None:
    best = tiny.reference(checkpoint.source.folder, ROW)[:-1].argmax(-1)
    row = torch.where(torch.arange(TOKENS) == 40, best[39], ROW)  # the first 40 tokens stay, so 40 is right
    found = checkpoint.reader("rope").log_likelihoods(row, torch.tensor([40, 41]))
    assert found.correct[0] and not checkpoint.reader("rope").log_likelihoods(ROW, PLACES).correct.all()


@pytest.mark.parametrize("places", [[0], [TOKENS], [-1]])
def test_a_place_outside_the_row_is_refused(checkpoint: Checkpoint, places: list[int]) -> None:
    with pytest.raises(ValueError, match="must be 1 to 130"):
        checkpoint.reader("rope").log_likelihoods(ROW, torch.tensor(places))


OWN = """
import torch
from benchmark.encodings.encoding import Encoding, Rotation, geometric

class Own({base}):
    name = "own"
    title = "Own"
    source = "https://example.org"
    acts = "rotation"
    past = "defined"

    def __init__(self, shape, *, base: float = 10000.0, factor: float = 2.5):
        super().__init__(shape)
        self.base, self.factor = base, factor

{body}
"""
THETA = """
    def theta(self, dtype, site):
        width = self.shape.head_width
        return geometric(self.base, width, width, dtype, site.key_positions.device) / self.factor
"""
BY_HEAD = """
    def rotate(self, q, k, site):
        width = self.shape.head_width
        angles = geometric(self.base, width, width, torch.float32, q.device) / self.factor
        first = (torch.arange(self.shape.heads) % 2)[:, None, None]  # every other head turns
        turn = torch.polar(torch.ones(()), first * site.key_positions[0][:, None] * angles)
        def turned(x, by):
            a, b = x.chunk(2, -1)
            z = torch.complex(a, b) * by
            return torch.cat((z.real, z.imag), -1)
        return turned(q, turn[:, site.first_query:]), turned(k, turn)
"""


@pytest.mark.usefixtures("in_parts")
def test_a_users_own_file_adapts_the_checkpoints_rope(checkpoint: Checkpoint, tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(OWN.format(base="Rotation", body=THETA))
    own = checkpoint.reader(str(file)).log_likelihoods(ROW, PLACES).log_likelihood
    pi = checkpoint.reader("pi:factor=2.5").log_likelihoods(ROW, PLACES).log_likelihood
    torch.testing.assert_close(own, pi, rtol=0, atol=1e-4)
    around = checkpoint.reader(f"logn:base={file}").log_likelihoods(ROW, PLACES).log_likelihood
    assert (around - own).abs().max() > 0.1
    torch.testing.assert_close(around[: LENGTH - 2], own[: LENGTH - 2], rtol=0, atol=1e-5)


@pytest.mark.usefixtures("in_parts")
def test_heads_that_share_keys_may_turn_differently(checkpoint: Checkpoint, tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(OWN.format(base="Encoding", body=BY_HEAD))
    ours = checkpoint.reader(str(file)).log_likelihoods(ROW, PLACES).log_likelihood
    turning, still = by_pairs(DISTANCES["pi:factor=2.5"]), by_pairs(DISTANCES["none"])

    def every_other(*tensors: Tensor, **options: object) -> tuple[Tensor, None]:
        moved, kept = (attention(*tensors, **options)[0] for attention in (turning, still))
        return torch.where((torch.arange(moved.shape[2]) % 2 == 1)[:, None], moved, kept), None

    torch.testing.assert_close(ours, oracle(checkpoint, every_other), rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    "encoding, why", [("t5", "weights that must be learned"), ("sinusoidal", "adds to the token embeddings")]
)
def test_an_encoding_that_needs_training_is_refused(checkpoint: Checkpoint, encoding: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        checkpoint.reader(encoding)


def test_an_own_rotation_cannot_take_over_a_scaling(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(OWN.format(base="Encoding", body=BY_HEAD))
    scaled = {"rope_type": "linear", "factor": 2.0, **tiny.ROPE}
    model = open_checkpoint(str(tiny.save(tmp_path / "model", rope_parameters=scaled)), precision="float32")
    with pytest.raises(UsageError, match=r"scaled \(linear\): derive it from Rotation"):
        model.reader(str(file))


def test_the_base_is_the_checkpoints_unless_another_is_asked_for(checkpoint: Checkpoint) -> None:
    likelihood = {
        item: checkpoint.reader(item).log_likelihoods(ROW, PLACES).log_likelihood
        for item in ("rope", "rope:base=443", "rope:base=700", "logn:base.base=700", "logn:base.base=443", "logn")
    }
    assert torch.equal(likelihood["rope"], likelihood["rope:base=443"])
    assert torch.equal(likelihood["logn"], likelihood["logn:base.base=443"])
    assert (likelihood["rope"] - likelihood["rope:base=700"]).abs().max() > 0.1
    assert (likelihood["logn"] - likelihood["logn:base.base=700"]).abs().max() > 0.1


def test_logits_are_not_rounded_where_weights_are(tmp_path: Path) -> None:
    saved = tiny.save(tmp_path / "model", vocab_size=101)
    model = open_checkpoint(str(saved), precision="bfloat16")
    reader, hidden = model.reader("rope"), torch.randn(11, 210).bfloat16() * 5
    answers = torch.arange(11)
    found = reader._judge(hidden, answers).log_likelihood
    exact = (hidden.double() @ model.model.lm_head.weight.double().T).log_softmax(-1)[answers, answers]
    torch.testing.assert_close(found, exact, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("encoding", ["rope", "ntk-dynamic"])
def test_windows_are_read_some_queries_at_a_time(
    encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = open_checkpoint(str(tiny.save(tmp_path / "model", "mistral")), precision="float32")
    own, ends = model.reader(encoding), [ROW[40:47], ROW[50:57], ROW[60:71]]
    whole, each = own.log_likelihoods(ROW, PLACES), own.continuations(ROW[:61], ends)
    monkeypatch.setattr(row, "WINDOWED", 7)
    torch.testing.assert_close(own.log_likelihoods(ROW, PLACES).log_likelihood, whole.log_likelihood, rtol=0, atol=1e-4)
    for some, same in zip(own.continuations(ROW[:61], ends), each, strict=True):
        torch.testing.assert_close(some.log_likelihood, same.log_likelihood, rtol=0, atol=1e-4)
