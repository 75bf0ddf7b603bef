"""A class as its source text describes it."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.catalogue.hashing import fingerprint
from benchmark.errors import UsageError

Parameter = bool | int | float | str


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A class as its source text describes it."""

    kind: str  # "encoding" or "task"
    name: str
    class_name: str
    path: Path
    module: str | None  # None: a file outside any package, loaded by path
    contract: tuple[Path, ...]  # the files of the kind's contract
    attributes: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def documentation(self) -> str:
        """The docstring of its file: idea, formula, source, convention."""
        return ast.get_docstring(_tree(self.path)) or ""

    @property
    def fingerprint(self) -> str:
        """Hash of its code and of the code beside it that it builds on, without the contract."""
        return fingerprint(self.path, self.contract)

    def stated(self, what: str) -> str | None:
        """The rest of a docstring line such as "Chance: 1 / 10."; None if there is no such line."""
        line = re.search(rf"^{what}: (.+?)\.?$", self.documentation, flags=re.M)
        return line.group(1) if line else None


@cache
def read_entry(
    kind: str, path: Path, module: str | None, name: str | None, contract: tuple[Path, ...], bases: tuple[str, ...]
) -> Entry:
    """Read the class of a kind in a file: the one with a `name`, or the only one if no name is given."""
    found = [node for node in _tree(path).body if isinstance(node, ast.ClassDef) and _derives(node, bases)]
    named = {str(_literals(node).get("name", "")): node for node in found}
    if name is None and len(found) != 1:
        raise UsageError(f"{path} defines {len(found)} {kind}s, but must define exactly one subclass of {bases[0]}")
    key = name if name is not None else next(iter(named))
    if key not in named or not key:
        raise UsageError(f"{path} must define a subclass of {bases[0]} with name = {key or 'a string'!r}")
    node = named[key]
    if not re.fullmatch(r"[a-z0-9][a-z0-9_+-]*", key):
        raise UsageError(f"{path}: the name {key!r} must consist of lower-case letters, digits, '-', '_' or '+'")
    contract_nodes = (item for file in contract for item in _tree(file).body)
    contract_classes = {item.name: item for item in contract_nodes if isinstance(item, ast.ClassDef)}
    attributes = {**_inherited(node, contract_classes), **_literals(node)}
    missing = [wanted for wanted in ("title", "source") if not isinstance(attributes.get(wanted), str)]
    if missing:
        raise UsageError(f"{path}: class {node.name} must set {' and '.join(missing)} to a string literal")
    return Entry(
        kind=kind,
        name=key,
        class_name=node.name,
        path=path,
        module=module,
        contract=contract,
        attributes=attributes,
        defaults=_defaults(node, path),
    )


@cache
def _tree(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_bytes(), filename=str(path))
    except (SyntaxError, ValueError) as error:
        raise UsageError(f"{path} is not valid Python: {error}") from None


def _base_names(node: ast.ClassDef) -> list[str]:
    return [base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases]


def _derives(node: ast.ClassDef, bases: tuple[str, ...]) -> bool:
    return any(base in bases for base in _base_names(node))


def _inherited(node: ast.ClassDef, classes: Mapping[str, ast.ClassDef]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for base in _base_names(node):
        if base in classes:
            merged |= {**_inherited(classes[base], classes), **_literals(classes[base])}
    return merged


def _literals(node: ast.ClassDef) -> dict[str, Any]:
    values = {}
    for item in node.body:
        if isinstance(item, ast.Assign) and len(item.targets) == 1 and isinstance(item.targets[0], ast.Name):
            target, value = item.targets[0].id, item.value
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.value is not None:
            target, value = item.target.id, item.value
        else:
            continue
        try:
            values[target] = ast.literal_eval(value)
        except ValueError:
            continue  # computed, so not listed
    return values


def _defaults(node: ast.ClassDef, path: Path) -> dict[str, Parameter]:
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return {
                argument.arg: _default(argument.arg, value, path)
                for argument, value in zip(item.args.kwonlyargs, item.args.kw_defaults, strict=True)
            }
    return {}


def _default(name: str, value: ast.expr | None, path: Path) -> Parameter:
    try:
        literal = ast.literal_eval(value) if value is not None else None
    except ValueError:
        literal = None
    if not isinstance(literal, bool | int | float | str):
        raise UsageError(f"{path}: parameter {name!r} needs a literal default: a number, a string, True or False")
    return literal
