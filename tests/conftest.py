"""What every test shares."""

import os
from pathlib import Path

# Corpora are tokenised once a checkout, and never in the user's own cache; set here so that subprocesses inherit it.
os.environ.setdefault("POSITION_BENCHMARK_CACHE", str(Path(__file__).parent.parent / ".cache" / "position-benchmark"))
