"""Classes in source text: what they set, and what they derive from, followed through imports without running any."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark.catalogue.source import OWN, absolute, module_file, origin, parse

LIBRARIES = sys.stdlib_module_names | {"torch", "numpy"}  # they define no encoding or task


@dataclass(frozen=True, kw_only=True)
class Class:
    """A class statement and the file it stands in."""

    node: ast.ClassDef
    path: Path

    @property
    def base_names(self) -> list[str]:
        """Its bases as written, dotted: "Encoding", "rope.Rope"; of a subscript such as Generic[T] only the name."""
        bases = [base.value if isinstance(base, ast.Subscript) else base for base in self.node.bases]
        return [ast.unparse(base) for base in bases if isinstance(base, ast.Name | ast.Attribute)]

    @cached_property
    def assigned(self) -> dict[str, ast.expr]:
        """The expression of each class attribute."""
        found: dict[str, ast.expr] = {}
        for item in self.node.body:
            if isinstance(item, ast.Assign):
                found |= {target.id: item.value for target in item.targets if isinstance(target, ast.Name)}
            elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and item.value is not None:
                found[item.target.id] = item.value
        return found

    @cached_property
    def literals(self) -> dict[str, Any]:
        """The value of each class attribute that is a literal."""
        values = {}
        for name, expression in self.assigned.items():
            try:
                values[name] = ast.literal_eval(expression)
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                continue  # computed, so not listed
        return values

    @property
    def constructor(self) -> ast.FunctionDef | None:
        """Its own `__init__`."""
        found = [item for item in self.node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"]
        return found[-1] if found else None


def classes_of(path: Path) -> list[Class]:
    """The classes at the top level of a file."""
    return [Class(node=node, path=path) for node in parse(path).body if isinstance(node, ast.ClassDef)]


@dataclass(frozen=True, kw_only=True)
class Finder:
    """Follows the bases of classes to the contract."""

    contract: tuple[Path, ...]  # its files
    bases: tuple[str, ...]  # its classes
    home: Path  # the folder of the user's file

    @cached_property
    def contract_classes(self) -> dict[str, Class]:
        """The classes of the contract's files."""
        return {each.node.name: each for file in self.contract for each in classes_of(file)}

    @cached_property
    def declared(self) -> frozenset[str]:
        """The class attributes that the contract declares as such: they are read from the source."""
        return frozenset(
            item.target.id
            for name in self.bases
            for item in self.contract_classes[name].node.body
            if isinstance(item, ast.AnnAssign)
            and isinstance(item.target, ast.Name)
            and ast.unparse(item.annotation).startswith("ClassVar")
        )

    def derives(self, each: Class) -> bool:
        """True if a class is built on one of the contract."""
        return any(base.node.name in self.bases and base.path in self.contract for base in self.line(each)[1:])

    def line(self, each: Class) -> tuple[Class, ...]:
        """A class and those it derives from, nearest first, up to the contract and as far as their source is found."""
        furthest_last = reversed({found.node: found for found in reversed([*self._line(each, ())])}.values())
        return tuple(furthest_last)

    def _line(self, each: Class, below: tuple[ast.ClassDef, ...]) -> Iterator[Class]:
        yield each
        for name in each.base_names:
            base = self.contract_classes.get(name) if each.path in self.contract else self._find(name, each.path)
            if base is not None and base.node not in (each.node, *below):
                yield from self._line(base, (each.node, *below))

    def _find(self, name: str, path: Path, through: tuple[Path, ...] = ()) -> Class | None:
        """The class that a dotted name means in a file; `through` are the files that handed the name on."""
        own = {each.node.name: each for each in classes_of(path)}
        if name in own:
            return own[name]
        first, _, rest = name.partition(".")
        meant = _imported(path).get(first, first)
        module, _, last = f"{meant}.{rest}".rstrip(".").rpartition(".")
        if last in self.bases and (not module or module.startswith("benchmark.")):
            return self.contract_classes[last]  # wherever it is imported from: our modules re-export them
        file = self._file(module, path) if module else None
        if file is None or file in (path, *through):
            return None
        return self._find(last, file, (path, *through))

    def _file(self, module: str, path: Path) -> Path | None:
        top = module.partition(".")[0]
        if top == "benchmark":
            file = OWN.joinpath(*module.split(".")[1:]).with_suffix(".py")
            return file if file.is_file() else None
        local = module_file(module, path, self.home)
        if local is not None or top in LIBRARIES:
            return local
        found = origin(module)
        return Path(found) if found is not None and found.endswith(".py") else None


def _imported(path: Path) -> dict[str, str]:
    """What each imported name means: {"Rope": "benchmark.encodings.rope.Rope"}."""
    names: dict[str, str] = {}
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            names |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node, path)
            names |= {alias.asname or alias.name: f"{module}.{alias.name}" for alias in node.names}
    return names
