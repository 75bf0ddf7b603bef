"""A process that times the reading of long rows with a checkpoint, here and by transformers' own forward pass.

    python -m benchmark.timing.reading < ASKED     ASKED is the JSON of `Asked`; one line of JSON per case on stdout

Both sides read the same random tokens and make the logits of the last few only; transformers' side is its fused
attention ("sdpa") with the model's own rope, whatever the encoding. Rounds alternate. With one thread on a CPU, seconds
are the processor time of the process, which other work on the machine does not affect.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from benchmark.checkpoints.checkpoint import Checkpoint, Precision, open_checkpoint, quiet
from benchmark.seeds import generator
from benchmark.timing.steps import finished

SMOLLM2: dict[str, Any] = {  # the sizes of SmolLM2-135M
    "vocab_size": 49152,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "max_position_embeddings": 8192,
    "rope_theta": 100_000.0,
    "tie_word_embeddings": True,
}
SCORED = 64  # tokens at the end of a row
OURS, THEIRS = "ours", "transformers"
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")

Clock = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request for timings."""

    encodings: tuple[str, ...]
    lengths: tuple[int, ...]  # tokens
    rounds: int
    threads: int
    device: str
    checkpoint: str | None  # None: random weights, of the size of SmolLM2-135M


def save_random(folder: Path) -> None:
    """Save a model with random weights and the sizes of SmolLM2-135M, and a tokenizer that is never used."""
    from tokenizers import Tokenizer, models
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)  # global, but the process does nothing except timing
    LlamaForCausalLM(LlamaConfig(**SMOLLM2)).save_pretrained(folder)
    Tokenizer(models.WordLevel({"a": 0}, unk_token="a")).save(str(folder / "tokenizer.json"))


def their_model(checkpoint: Checkpoint) -> Any:
    """The same model as transformers loads it, with its fused attention."""
    from transformers import AutoModelForCausalLM, GgufConfig

    source = checkpoint.source
    model: Any = AutoModelForCausalLM.from_pretrained(
        source.folder,
        gguf_file=source.gguf,
        dtype=getattr(torch, checkpoint.precision),
        attn_implementation="sdpa",
        local_files_only=True,
        **({"quantization_config": GgufConfig(dequantize=True)} if source.gguf else {}),
    )
    return model.to(checkpoint.device).eval()


def read_by_theirs(model: Any, row: Tensor, device: torch.device) -> None:
    """Transformers' forward pass over a row, with the logits of the last tokens."""
    with torch.inference_mode():
        model(row[None].to(device), logits_to_keep=SCORED, use_cache=False).logits.log_softmax(-1).cpu()


def cases(checkpoint: Checkpoint, asked: Asked) -> Iterator[tuple[str, int, dict[str, Callable[[], object]]]]:
    """An encoding, a length, and the two readings."""
    model = their_model(checkpoint)
    for length in asked.lengths:
        row = torch.randint(checkpoint.facts.vocabulary, (length,), generator=generator("timing", "reading", length))
        places = torch.arange(max(1, length - SCORED), length)
        for encoding in asked.encodings:
            reader = checkpoint.reader(encoding)
            ours = partial(reader.log_likelihoods, row, places)
            yield encoding, length, {OURS: ours, THEIRS: partial(read_by_theirs, model, row, checkpoint.device)}


def rounds_of(readings: dict[str, Callable[[], object]], rounds: int, clock: Clock) -> dict[str, list[float]]:
    """Seconds of each reading in each round, in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in readings}
    for _ in range(rounds):
        for name, read in readings.items():
            started = clock()
            read()
            seconds[name].append(clock() - started)
    return seconds


def main() -> None:
    """Time every case."""
    with quiet():
        report()


def report() -> None:
    """Read the request from stdin and write a line for each case."""
    asked = Asked(**json.load(sys.stdin))
    torch.set_num_threads(asked.threads)
    with tempfile.TemporaryDirectory() as folder:
        if asked.checkpoint is None:
            save_random(Path(folder))
        for precision in PRECISIONS:
            checkpoint = open_checkpoint(asked.checkpoint or folder, device=asked.device, precision=precision)
            for found in measured(checkpoint, asked):
                sys.stdout.write(json.dumps(found) + "\n")
                sys.stdout.flush()


def measured(checkpoint: Checkpoint, asked: Asked) -> Iterator[dict[str, object]]:
    """Every case with one checkpoint: its circumstances, and the seconds of each reading in each round."""
    warm_up(checkpoint)
    clock: Clock = time.process_time if asked.threads == 1 else time.perf_counter
    if checkpoint.device.type != "cpu":
        clock = partial(finished, checkpoint.device)
    for encoding, length, readings in cases(checkpoint, asked):
        yield {
            "encoding": encoding,
            "length": length,
            "precision": checkpoint.precision,
            "device": asked.device,
            "threads": asked.threads,
            "checkpoint": "random" if asked.checkpoint is None else checkpoint.source.digest,
            "seconds": rounds_of(readings, asked.rounds, clock),
        }


def warm_up(checkpoint: Checkpoint) -> None:
    """A short reading that is not timed: it loads what torch loads on first use."""
    checkpoint.reader("rope").log_likelihoods(torch.arange(9), torch.arange(1, 9))


if __name__ == "__main__":
    main()
