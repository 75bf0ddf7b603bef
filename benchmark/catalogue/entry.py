"""A class as its source text describes it."""

import ast
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.catalogue.classes import Class, Finder, classes_of
from benchmark.catalogue.hashing import fingerprint
from benchmark.catalogue.source import parse
from benchmark.errors import UsageError, is_storable

Parameter = bool | int | float | str
LARGEST = 2**63  # of a whole number


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
    bases: tuple[str, ...] = ()  # the contract's classes that it derives from

    @property
    def documentation(self) -> str:
        """The docstring of its file: idea, formula, source, convention."""
        return ast.get_docstring(parse(self.path)) or ""

    @property
    def fingerprint(self) -> str:
        """Hash of its code and of the neighbouring modules that it imports from, without the contract."""
        return fingerprint(self.path, self.contract)

    def stated(self, what: str) -> str | None:
        """The rest of a docstring line such as "Chance: 1 / 10."; None without such a line."""
        line = re.search(rf"^{what}: (.+?)\.?$", self.documentation, flags=re.M)
        return line.group(1) if line else None


def read_entry(
    kind: str,
    path: Path,
    module: str | None,
    name: str | None,
    contract: tuple[Path, ...],
    bases: tuple[str, ...],
    arguments: tuple[str, ...],
) -> Entry:
    """Read the class of a kind in a file: the one with a `name`, or the only one if no name is given.

    Nothing is remembered but the syntax trees of file contents, so an edited file is read anew.
    """
    finder = Finder(contract=contract, bases=bases, home=path.parent)
    chosen = _only(kind, path, finder) if name is None else _named(path, finder, name)
    line = finder.line(chosen)
    key = chosen.literals.get("name")
    if not isinstance(key, str) or not key:
        raise UsageError(f"{path}: class {chosen.node.name} must be a subclass of {bases[0]} with name = 'a string'")
    if not re.fullmatch(r"[a-z0-9][a-z0-9_+-]*", key):
        raise UsageError(
            f"{path}: the name {key!r} must consist of lower-case letters (a to z), digits, '-', '_' or '+'"
        )
    for each in line:
        _refuse_computed(each, finder.declared)
    attributes: dict[str, Any] = {}
    for each in reversed(line):
        attributes |= each.literals
    missing = [wanted for wanted in ("title", "source") if not isinstance(attributes.get(wanted), str)]
    if missing:
        raise UsageError(f"{path}: class {chosen.node.name} must set {' and '.join(missing)} to a string literal")
    return Entry(
        kind=kind,
        name=key,
        class_name=chosen.node.name,
        path=path,
        module=module,
        contract=contract,
        attributes=attributes,
        defaults=_defaults(line, arguments),
        bases=tuple(each.node.name for each in line if each.path in contract),
    )


def _only(kind: str, path: Path, finder: Finder) -> Class:
    """The one class of a kind that a file defines; a class that others build on counts only if it has a name."""
    found = [each for each in classes_of(path) if finder.derives(each)]
    used = {base for each in found for base in each.base_names}
    counted = [each for each in found if "name" in each.assigned or each.node.name not in used]
    if len(counted) != 1:
        names = f" ({', '.join(each.node.name for each in counted)})" if counted else ""
        remedy = ": put each into a file of its own" if counted else ", or of a class that is one"
        raise UsageError(
            f"{path} defines {len(counted)} {kind}s{names}, but must define exactly one subclass of "
            f"{finder.bases[0]}{remedy}"
        )
    return counted[0]


def _named(path: Path, finder: Finder, name: str) -> Class:
    for each in classes_of(path):
        if each.literals.get("name") == name and finder.derives(each):
            return each
    raise UsageError(f"{path} must define a subclass of {finder.bases[0]} with name = {name!r}")


def _refuse_computed(each: Class, declared: frozenset[str]) -> None:
    """Raise UsageError for a class attribute that is read from the source but is not a literal there."""
    for name in each.assigned.keys() & declared - each.literals.keys():
        if name == "name":
            continue  # refused by its own message
        given = ast.unparse(each.assigned[name])
        needed = f"must set {name} to a {'string ' if name in ('title', 'source') else ''}literal"
        raise UsageError(
            f"{each.path}: class {each.node.name} {needed}, but sets it to {given[:60]}: it is read from the source "
            "text, without running it"
        )
    for name, value in each.literals.items():
        if isinstance(value, str) and not is_storable(value):
            raise UsageError(f"{each.path}: class {each.node.name} sets {name} to {value!r}, which is not valid text")


def _defaults(line: tuple[Class, ...], arguments: tuple[str, ...]) -> dict[str, Parameter]:
    """The parameters of the constructor of a class, its own or the nearest inherited one, and their defaults."""
    for each in line:
        if each.constructor is not None:
            return _parameters(each, each.constructor.args, arguments)
    return {}


def _parameters(each: Class, given: ast.arguments, arguments: tuple[str, ...]) -> dict[str, Parameter]:
    where = f"{each.path}: __init__ of class {each.node.name}"
    positional = [*given.posonlyargs, *given.args]
    first = len(arguments) + 1  # self comes first
    wanted = ", ".join(("self", *arguments, "*", "base: float = 10000.0"))
    if len(positional) < first and given.vararg is None:
        raise UsageError(f"{where} takes ({', '.join(arg.arg for arg in positional)}): write __init__({wanted})")
    unnamed = [arg.arg for arg in given.posonlyargs[first:]]
    if unnamed:
        raise UsageError(f"{where}: parameter {unnamed[0]!r} cannot be set by name: write __init__({wanted})")
    padded = [*[None] * (len(positional) - len(given.defaults)), *given.defaults]
    pairs = [
        *list(zip(positional, padded, strict=True))[first:],
        *zip(given.kwonlyargs, given.kw_defaults, strict=True),
    ]
    return {argument.arg: _default(argument.arg, value, each.path) for argument, value in pairs}


def _default(name: str, value: ast.expr | None, path: Path) -> Parameter:
    try:
        literal = ast.literal_eval(value) if value is not None else None
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        literal = None
    if isinstance(literal, bool | int | float | str) and _storable(literal):
        return literal
    given = "has no default" if value is None else f"has the default {ast.unparse(value)[:60]}"
    raise UsageError(
        f"{path}: parameter {name!r} needs a literal default: a finite number, a string, True or False; it {given}"
    )


def _storable(value: Parameter) -> bool:
    """True of a value that a record can hold."""
    if isinstance(value, str):
        return is_storable(value)
    return math.isfinite(value) if isinstance(value, float) else abs(value) < LARGEST
