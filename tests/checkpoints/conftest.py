"""A tiny checkpoint and a text in its words, for every test that does not change them."""

from pathlib import Path

import pytest
import tiny
import torch

from benchmark.experiments import documents


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved Llama with L = 67."""
    return tiny.save(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text of 4,000 random words in ten chapters."""
    numbers = torch.randint(0, 100, (4000,), generator=torch.Generator().manual_seed(5)).tolist()
    chapters = [" ".join(f"w{each}" for each in numbers[start : start + 400]) for start in range(0, 4000, 400)]
    path = tmp_path_factory.mktemp("corpus") / "words.txt"
    path.write_text("\n\n".join(f"Chapter {place}\n\n{each}" for place, each in enumerate(chapters, 1)))
    return path


@pytest.fixture(autouse=True)
def anew() -> None:
    """Opens a checkpoint again in every test, as it may lie where another one lay before."""
    documents.open_once.cache_clear()
