from pathlib import Path

import pytest

HEAD = """
import math, os
from torch import Tensor
from benchmark.encodings.encoding import Encoding, Shape, Site

class Mine(Encoding):
    name = "mine"
    title = "Mine"
    source = "https://example.org"
    acts = "rotation"
    past = "defined"
"""
BODIES = {
    "raises": 'raise RuntimeError("it broke\\n in two lines")',
    "diverges": "return q * math.nan, k",
    "kills": "os.kill(os.getpid(), 9)",
    "breaks": "return (q, k) if site.key_positions.shape[1] < 20 else (q * math.nan, k)",
    "ends": "self.training or os.kill(os.getpid(), 9); return q, k",
    "hoards": "import torch; hoard = torch.zeros(int(os.environ['HOARD'])); return q + hoard[0].to(q), k",
    "hangs": "import time; time.sleep(600)",
    "prints": 'print("{not the protocol}"); return q, k',
}


@pytest.fixture
def plugin(tmp_path: Path):
    """Writes an encoding that misbehaves in a named way, and returns its path."""

    def write(behaviour: str) -> str:
        path = tmp_path / f"{behaviour}.py"
        rotate = f"\n    def rotate(self, q: Tensor, k: Tensor, site: Site):\n        {BODIES[behaviour]}\n"
        path.write_text(HEAD + rotate)
        return str(path)

    return write
