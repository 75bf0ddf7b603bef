"""The estimate of what reading a row takes: linear in its length, and above what a process is measured to take."""

import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from benchmark.checkpoints.checkpoint import open_checkpoint

SIZES = {"hidden_size": 576, "intermediate_size": 1536, "num_attention_heads": 9, "num_key_value_heads": 3}
SMALL = {**SIZES, "vocab_size": 8192, "num_hidden_layers": 4, "max_position_embeddings": 2048}

# The peak of the process while a row is read, above what it held before, and the estimate.
MEASURE = """
import sys, threading, time
import torch
from benchmark.checkpoints.checkpoint import open_checkpoint

folder, precision, encoding, what = sys.argv[1:]
length = 4096
checkpoint = open_checkpoint(folder, precision=precision)
reader = checkpoint.reader(encoding)
row = torch.randint(checkpoint.facts.vocabulary, (length,), generator=torch.Generator().manual_seed(1))
reader.log_likelihoods(row[:40], torch.arange(1, 40))

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

before = peak = resident()
done = threading.Event()

def watch():
    global peak
    while not done.wait(0.002):
        peak = max(peak, resident())

watching = threading.Thread(target=watch)
watching.start()
if what == "every-token":
    reader.log_likelihoods(row, torch.arange(1, length))
else:
    reader.continuations(row[:-12], [row[start : start + 12] for start in range(40)])
done.set()
watching.join()
print(peak - before, reader.bytes_needed(length))
"""


@pytest.mark.parametrize("encoding", ["rope", "self-extend", "alibi"])
def test_the_estimate_is_linear_in_the_length(encoding: str, tmp_path: Path) -> None:
    checkpoint = open_checkpoint(str(tiny.save(tmp_path)), precision="float32")
    once, twice, thrice = (checkpoint.bytes_needed(4096 * times, encoding) for times in (1, 2, 3))
    facts = checkpoint.facts
    assert thrice - twice == pytest.approx(twice - once, rel=0.01)
    assert twice - once >= 4096 * 2 * facts.layers * facts.kv_heads * facts.head_width * 4  # keys and values


def test_heads_that_turn_apart_keep_keys_of_their_own(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(str(tiny.save(tmp_path)), precision="float32")
    reader = checkpoint.reader("rope")
    shared = reader.bytes_needed(4096)
    reader.alike = dict.fromkeys(reader.alike, False)
    assert reader.bytes_needed(4096) > shared


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the resident memory from /proc")
@pytest.mark.parametrize(
    ("precision", "encoding", "what"),
    [
        ("float32", "rope", "every-token"),
        ("bfloat16", "rope", "every-token"),
        ("float32", "rope", "continuations"),
        ("bfloat16", "rope", "continuations"),
        ("float32", "ntk-dynamic", "continuations"),
        ("bfloat16", "ntk-dynamic", "continuations"),
        ("float32", "self-extend", "continuations"),
        ("bfloat16", "self-extend", "every-token"),
        ("float32", "alibi", "every-token"),
    ],
)
def test_a_process_takes_less_than_the_estimate_and_not_much_less(
    precision: str, encoding: str, what: str, tmp_path: Path
) -> None:
    folder = tiny.save(tmp_path, **SMALL)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(folder), precision, encoding, what],
        capture_output=True,
        text=True,
        check=True,
    )
    measured, estimated = map(int, done.stdout.split())
    assert estimated / 5 < measured < estimated, f"{measured / 1e6:.0f} MB, estimated {estimated / 1e6:.0f}"
