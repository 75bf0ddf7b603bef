"""What every test shares."""

import os
from pathlib import Path

from hypothesis import settings
from jaxtyping import install_import_hook

# Corpora are tokenised once a checkout, and never in the user's own cache; set here so that subprocesses inherit it.
os.environ.setdefault("POSITION_BENCHMARK_CACHE", str(Path(__file__).parent.parent / ".cache" / "position-benchmark"))

# One thread: the tensors of tests are small, and threads that wait for each other on a busy machine cost minutes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Shapes are types: under test, every annotation of the hooks and of the model is held to what passes through. Here and
# not among pytest's options, so that the timing suite, which pytest runs too, times the plain code.
install_import_hook(["benchmark.encodings", "benchmark.model"], "beartype.beartype")

# No test is timed: on a busy machine, or where jieba first reads its dictionary, any deadline is missed some time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
