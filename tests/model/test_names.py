"""Model and training name no encoding: not in a branch, a string or an import."""

import ast
import re
from pathlib import Path

import pytest

import benchmark
from benchmark.encodings import CATALOGUE

FILES = sorted(
    path for folder in ("model", "training") for path in (Path(benchmark.__file__).parent / folder).glob("*.py")
)
# Every tensor has a shape: of the encoding `shape`, only the class counts.
NAMES = {word for name in CATALOGUE.names() for word in (name, CATALOGUE.entry(name).class_name)} - {"shape"}


def is_torchs(node: ast.AST) -> bool:
    """True for `reduction="none"`, torch's word for losses that are not averaged."""
    return isinstance(node, ast.keyword) and node.arg == "reduction"


def is_the_number(node: ast.AST) -> bool:
    """True for `math.pi`, the number rather than position interpolation."""
    return isinstance(node, ast.Attribute) and ast.unparse(node) == "math.pi"


def code_of(tree: ast.Module) -> list[ast.AST]:
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and ast.get_docstring(node) is not None and isinstance(node.body[0], ast.Expr)
    }
    torchs = {id(node.value) for node in ast.walk(tree) if is_torchs(node)}
    numbers = {id(node) for node in ast.walk(tree) if is_the_number(node)}
    return [node for node in ast.walk(tree) if id(node) not in docstrings | torchs | numbers]


def words(source: str) -> set[str]:
    """Every word of the code, in identifiers and strings; comments and docstrings do not count."""
    found: set[str] = set()
    for node in code_of(ast.parse(source)):
        for _, value in ast.iter_fields(node):
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str) and text != "set_to_none":  # an argument of torch, not an encoding
                    found |= {text, *re.split(r"[^A-Za-z0-9]+|_", text)}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_encoding_is_named(path: Path) -> None:
    assert words(path.read_text()) & NAMES == set()


@pytest.mark.parametrize(
    "line",
    [
        'if encoding.name == "rope": pass',
        "from benchmark.encodings.alibi import Alibi",
        "import benchmark.encodings.rope",
        "use_rope = 1",
        'kind = {"none": 0}',
        "isinstance(x, module.Sinusoidal)",
        "encodings.pi",
        "from benchmark.encodings.shape import Shifted",
    ],
)
def test_a_name_would_be_found(line: str) -> None:
    assert words(line) & NAMES


def test_none_the_keyword_is_not_none_the_encoding() -> None:
    assert not words('"""None, rope."""\nx = None  # rope') & NAMES
    assert not words('loss(x, reduction="none"); optimiser.zero_grad(set_to_none=True)') & NAMES


def test_the_number_is_not_the_encoding() -> None:
    assert not words("math.cos(math.pi)") & NAMES


def test_both_folders_are_read() -> None:
    assert {path.parent.name for path in FILES} == {"model", "training"}
    assert len(FILES) > 4
