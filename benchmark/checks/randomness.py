"""The global random generators, from which no checked code may draw."""

import numpy as np
import torch


def states() -> dict[str, object]:
    """The states of the global generators, comparable; without Python's own, from which type checkers draw."""
    return {"torch": torch.get_rng_state().tolist(), "numpy": repr(np.random.get_state(legacy=False))}
