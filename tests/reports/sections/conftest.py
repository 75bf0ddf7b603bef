"""Records that several sections are tested on."""

from pathlib import Path
from types import ModuleType

import pytest

from benchmark.results.store import Store


@pytest.fixture(scope="session")
def nine(records: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Enough seeds to show something: two encodings besides rope, nine seeds, L and 4 L."""
    root: Path = tmp_path_factory.mktemp("nine")
    settings = {"encodings": ("rope", "alibi", "none"), "tasks": ("copy", "corpus"), "multiples": (1, 4)}
    store: Store = records.write_example(root, seeds=9, trouble=False, **settings)
    return store
