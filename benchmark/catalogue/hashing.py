"""The fingerprint of a class: a hash of the code that defines what it does."""

import ast
import hashlib
import sys
from functools import cache
from pathlib import Path

from benchmark.catalogue.source import OWN, imports, neighbours, read

DESCRIPTIONS = frozenset({"title", "source", "definition", "group", "learned", "past", "unlearned"})  # for readers only


def fingerprint(path: Path, contract: tuple[Path, ...]) -> str:
    """Hash of the code of a file and of the modules next to the contract that it builds on: 16 hexadecimal digits.

    Not counted: docstrings, comments, descriptions (DESCRIPTIONS) and imports of this project's own modules, so that
    prose can be improved and code can move between modules without changing a hash; and the contract, since PROTOCOL is
    raised when a change there changes results. The files that a user's file imports from its own folder or package do
    count; installed libraries do not.
    """
    outside = {} if OWN in path.parents else neighbours(path)
    own, imported = _code(read(path))
    siblings: dict[Path, str] = {}
    waiting = {*outside, *_siblings(imported, contract)}
    while waiting:
        sibling = waiting.pop()
        siblings[sibling], imported = _code(read(sibling))
        waiting |= _siblings(imported, contract) - siblings.keys() - {path}
    code = own + "".join(sorted(siblings.values()))
    return hashlib.sha256(code.encode()).hexdigest()[:16]


@cache  # keyed by content: a large plan asks many times, and a file may be edited within a session
def _code(source: bytes) -> tuple[str, frozenset[str]]:
    """The syntax tree of a source text as counted in a fingerprint, and the modules that it imports names from."""
    tree = ast.parse(source)
    imported = imports(tree, Path())
    tree = _WithoutOwnImports().visit(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
        if isinstance(node, ast.ClassDef):
            node.body = [each for each in node.body if not _describes(each)]
    return _dump(tree), imported


class _WithoutOwnImports(ast.NodeTransformer):
    """Drops imports of our own modules, and an `if TYPE_CHECKING:` that this leaves empty."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        return None if _is_own(node.module or "") and not node.level else node

    def visit_Import(self, node: ast.Import) -> ast.Import | None:
        node.names = [alias for alias in node.names if not _is_own(alias.name)]
        return node if node.names else None

    def visit_If(self, node: ast.If) -> ast.If | None:
        self.generic_visit(node)
        return node if node.body or node.orelse else None


def _describes(node: ast.stmt) -> bool:
    """True of a class attribute that only tells people about its class."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return bool(targets) and all(isinstance(each, ast.Name) and each.id in DESCRIPTIONS for each in targets)


def _is_own(module: str) -> bool:
    return module.partition(".")[0] == "benchmark"


def _dump(tree: ast.AST) -> str:
    """A syntax tree as text, the same on every Python: as 3.11 writes it, which knows no type parameters."""
    if sys.version_info >= (3, 13):
        text = ast.dump(tree, show_empty=True)
    else:
        text = ast.dump(tree)
    return text.replace(", type_params=[]", "")


def _siblings(imported: frozenset[str], contract: tuple[Path, ...]) -> set[Path]:
    """The modules beside the contract that a file imports from."""
    folder = contract[0].parent
    package = f"benchmark.{folder.name}."
    files = {folder / f"{name.removeprefix(package)}.py" for name in imported if name.startswith(package)}
    return {file for file in files if file not in contract and file.is_file()}
