"""Settings for all tests."""

import os
from pathlib import Path

from hypothesis import settings
from jaxtyping import install_import_hook

# Corpora are tokenised once per checkout, outside the user's own cache; in the environment, so subprocesses inherit it.
os.environ.setdefault("POSITION_BENCHMARK_CACHE", str(Path(__file__).parent.parent / ".cache" / "position-benchmark"))

# English, whatever the developer's locale; in the environment, so subprocesses inherit it.
os.environ["LC_ALL"] = "C.UTF-8"

# One thread: the tensors are small, and threads waiting for each other on a busy machine cost minutes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Shapes are types: under test, every annotation of hooks and model is checked against the tensors that pass. Set here
# and not in pytest's options, so that the timing suite, which also runs under pytest, times unchecked code.
install_import_hook(["benchmark.encodings", "benchmark.model", "benchmark.checkpoints"], "beartype.beartype")

# No deadline: a busy machine, or jieba reading its dictionary for the first time, would miss it.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
