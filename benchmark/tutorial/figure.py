"""The figure of one passage."""

from pathlib import Path

import numpy as np

from benchmark.reports.draw.attention import attention
from benchmark.reports.draw.canvas import save
from benchmark.reports.tables.probes import Probe
from benchmark.reports.words import t
from benchmark.tutorial.experiment import Seen


def draw(label: str, seen: Seen, seed: int, path: Path) -> Path:
    """Draw one passage: a heatmap per head, with the words on both axes."""
    weights = seen.attention.numpy()[None]
    probe = Probe(
        task=t("reconstruction: {title}", title=seen.title),
        encoding=label,
        trained_with=label,
        seed=seed,
        train_length=len(seen.words),
        text="".join(seen.words),
        words=seen.words,
        attention=weights,
        structure=np.zeros((1, weights.shape[1], 0)),
        setting="tutorial",
        train_key="tutorial",
    )
    return save(attention(probe), path)
