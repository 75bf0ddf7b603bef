"""`rope` reproduces a checkpoint, and every scaling that transformers has reproduces transformers, on tiny models."""

from pathlib import Path
from typing import Any

import pytest
import tiny
import torch

from benchmark.checkpoints import reader
from benchmark.checkpoints.checkpoint import Checkpoint, open_checkpoint
from benchmark.errors import UsageError

TOKENS = 131  # nearly twice the trained length
PLACES = torch.arange(1, TOKENS)
TOLERANCE = 1e-4
BLOCKS = (1000, 29)  # whole, and in parts: neither divides the other, nor a window

SCALINGS = {
    "linear": {"factor": 3.0},
    "dynamic": {"factor": 2.0},
    "yarn": {"factor": 4.0, "original_max_position_embeddings": tiny.LENGTH},
    "llama3": {
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": tiny.LENGTH,
    },
}
OURS = {
    "linear": "pi:factor=3",
    "dynamic": "ntk-dynamic:factor=2",
    "yarn": "yarn:factor=4",
    "llama3": "llama3:factor=8",
}
OTHERS = {  # scalings that only a checkpoint's own config asks for
    "yarn-with-options": {**SCALINGS["yarn"], "rope_type": "yarn", "beta_fast": 5.0, "attention_factor": 1.3},
    "longrope": {
        "rope_type": "longrope",
        "factor": 2.0,
        "original_max_position_embeddings": tiny.LENGTH,
        "short_factor": [1 + pair / 11 for pair in range(7)],
        "long_factor": [1.0 + pair for pair in range(7)],
    },
}


def opened(folder: Path) -> Checkpoint:
    return open_checkpoint(str(folder), precision="float32")


def of_transformers(folder: Path, row: torch.Tensor, **changes: Any) -> torch.Tensor:
    """Log-probabilities of a row's tokens from the second on, by transformers' own forward pass."""
    return tiny.reference(folder, row, **changes)[PLACES - 1, row[PLACES]].double()


def differ(checkpoint: Checkpoint, encoding: str, row: torch.Tensor, theirs: torch.Tensor) -> float:
    return float((checkpoint.reader(encoding).log_likelihoods(row, PLACES).log_likelihood - theirs).abs().max())


@pytest.mark.parametrize("architecture", tiny.ARCHITECTURES)
def test_rope_gives_the_checkpoints_own_logits(
    architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = tiny.tokens(TOKENS)
    checkpoint = opened(tiny.save(tmp_path, architecture))
    theirs = of_transformers(tmp_path, row)
    for block in BLOCKS:
        monkeypatch.setattr(reader, "BLOCK_TOKENS", block)
        assert differ(checkpoint, "rope", row, theirs) < TOLERANCE
    assert differ(checkpoint, "none", row, theirs) > 1  # so the model's own rotation is not left in


@pytest.mark.parametrize("scaling", [*SCALINGS, *OTHERS])
def test_rope_keeps_the_checkpoints_own_scaling(scaling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "BLOCK_TOKENS", 29)
    parameters = OTHERS.get(scaling) or {**SCALINGS[scaling], "rope_type": scaling}
    row = tiny.tokens(TOKENS)
    checkpoint = opened(tiny.save(tmp_path, rope_parameters={**parameters, **tiny.ROPE}))
    theirs = of_transformers(tmp_path, row)
    assert differ(checkpoint, "rope", row, theirs) < TOLERANCE
    assert differ(checkpoint, "pi:factor=2", row, theirs) > 1


@pytest.mark.parametrize("architecture", ["llama", "phi", "gemma3_text"])
@pytest.mark.parametrize("scaling", SCALINGS)
def test_an_encoding_gives_the_logits_of_transformers_own_scaling(
    architecture: str, scaling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "BLOCK_TOKENS", 29)
    row = tiny.tokens(TOKENS)
    plain = {"rope_type": "default", **tiny.ROPE}
    scaled = {**plain, **SCALINGS[scaling], "rope_type": scaling}
    if architecture == "phi":
        plain, scaled = ({**each, "partial_rotary_factor": 0.75} for each in (plain, scaled))
    if architecture == "gemma3_text":  # local layers keep their own rope
        local = {"rope_type": "default", "rope_theta": 101.0}
        plain, scaled = ({"full_attention": each, "sliding_attention": local} for each in (plain, scaled))
    folder = tiny.save(tmp_path, architecture, rope_parameters=plain)
    theirs = of_transformers(folder, row, rope_parameters=scaled)
    checkpoint = opened(folder)
    assert differ(checkpoint, OURS[scaling], row, theirs) < TOLERANCE
    assert differ(checkpoint, "rope", row, theirs) > 0.1


@pytest.mark.parametrize("remap", ["rerope:window=1000", "self-extend:window=1000", "string:window=1000"])
def test_a_remap_that_moves_nothing_is_rope_under_every_scaling(remap: str, tmp_path: Path) -> None:
    """A temperature of the checkpoint's own applies once, whatever piece a distance falls into."""
    folder = tiny.save(tmp_path, rope_parameters={**OTHERS["yarn-with-options"], **tiny.ROPE})
    row = tiny.tokens(TOKENS)
    checkpoint = opened(folder)
    theirs = checkpoint.reader("rope").log_likelihoods(row, PLACES).log_likelihood
    assert differ(checkpoint, remap, row, theirs) < 2e-3  # angles are turned on by up to 1,000: float32 rounds them


@pytest.mark.parametrize(
    ("encoding", "why"),
    [("xpos", "by the row that it stands in"), ("rope-plus", "mixes heads"), ("fope", "makes heads wider")],
)
def test_a_rotation_that_depends_on_more_than_its_token_is_refused(encoding: str, why: str, folder: Path) -> None:
    with pytest.raises(UsageError, match=why):
        opened(folder).reader(encoding)
