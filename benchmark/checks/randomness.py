"""The global generators, from which nothing that is checked may draw."""

import numpy as np
import torch


def states() -> dict[str, object]:
    """The global generators, as something that compares; without Python's own, from which type checkers draw."""
    return {"torch": torch.get_rng_state().tolist(), "numpy": repr(np.random.get_state(legacy=False))}
