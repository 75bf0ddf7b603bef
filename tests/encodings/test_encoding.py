"""The contract's module: the names that authors import from it."""

import subprocess
import sys

import pytest

from benchmark.encodings import bases, encoding


@pytest.mark.parametrize("name", ["RelativeBias", "Rotation", "Wrapper"])
def test_the_base_classes_can_be_imported_from_the_contract(name: str) -> None:
    assert getattr(encoding, name) is getattr(bases, name)


def test_all_names_exist_and_no_others_are_made_up() -> None:
    assert all(hasattr(encoding, name) for name in encoding.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'RelativBias'"):
        _ = encoding.RelativBias


@pytest.mark.parametrize("first, second", [("encoding", "bases"), ("bases", "encoding")])
def test_either_module_may_be_imported_first(first: str, second: str) -> None:
    code = "; ".join(f"from benchmark.encodings.{module} import Rotation" for module in (first, second))
    subprocess.run([sys.executable, "-c", code], check=True)
