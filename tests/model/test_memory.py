"""Memory: every encoding at 16 times the trained length of the quick preset, in one process, stays under 2 GiB.

A long row takes little more than a short one: blocks of queries release their memory, and the next reuses it.
"""

import os
import subprocess
import sys

import pytest

EVALUATE = """
import resource
import sys
import torch
from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.encoding import Shape
from benchmark.experiments.presets import QUICK
from benchmark.model.transformer import Transformer
from benchmark.tasks.language import BATCH_TOKENS

torch.set_num_threads(1)
(budget,) = QUICK.budgets["corpus"]
longest = budget.train_length * max(QUICK.multiples)
tokens = torch.zeros(BATCH_TOKENS // longest, longest, dtype=torch.int64)
size = QUICK.model
told = {"digits": (1,), "marks": (2,)}
shape = Shape(width=size.width, heads=size.heads, layers=size.layers, train_length=budget.train_length, **told)
for name in CATALOGUE.table:
    model = Transformer(4096, shape, lambda own, layer: make(name, own, layer=layer))
    model.initialise(0)
    limit = model.encoding.max_length
    if limit is None or limit >= longest:
        with torch.inference_mode():
            assert model(tokens).isfinite().all(), name
    print(name, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


def test_the_longest_evaluation_of_every_encoding_stays_under_two_gibibytes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EVALUATE],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    peaks = {name: int(peak) for name, peak in map(str.split, done.stdout.splitlines())}  # the largest so far
    assert len(peaks) > 10
    assert max(peaks.values()) < 2 * 1024**3, peaks


LONG = """
import torch
from benchmark.encodings import make
from benchmark.encodings.encoding import Shape
from benchmark.model.transformer import Transformer

torch.set_num_threads(1)
shape = Shape(width=16, heads=4, layers=1, train_length=64)
model = Transformer(64, shape, lambda own, layer: make("fire", own, layer=layer))
for length in (2048, 6144):
    with torch.inference_mode():
        model(torch.zeros(1, length, dtype=torch.int64))
    # Not `ru_maxrss`, which begins at the peak of the process that started this one.
    (peak,) = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
    print(peak)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="how memory is given back is the C library's affair")
def test_memory_does_not_grow_with_the_number_of_blocks() -> None:
    """If blocks grow, each is larger than any hole left by earlier ones: 0.27 GB more here, measured."""
    done = subprocess.run([sys.executable, "-c", LONG], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    short, long = (int(peak) * 1024 for peak in done.stdout.split())
    assert long - short < 200e6, (short, long)
