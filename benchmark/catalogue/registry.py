"""All encodings, or all tasks, by name."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from benchmark.catalogue import loading
from benchmark.catalogue.choice import Choice, convert
from benchmark.catalogue.entry import Entry, Parameter, read_entry
from benchmark.errors import UsageError, unknown


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The registry of one kind: our own table, entry points of installed packages, and files named by the user."""

    kind: str
    package: str
    contract: tuple[str, ...]  # file names of the contract inside the package
    bases: tuple[str, ...]  # the contract's classes; an entry derives from one
    table: Mapping[str, str]  # name -> module inside the package
    groups: Mapping[str, tuple[str, ...]]  # group name -> names
    entry_point_group: str
    opens_files: bool = True

    @property
    def registered(self) -> "Catalogue":
        """The same registry without files, for names from records, which must not decide what is opened."""
        return replace(self, opens_files=False)

    @property
    def folder(self) -> Path:
        """The folder of our own classes of this kind."""
        return Path(__file__).parents[1] / self.package.rsplit(".", 1)[-1]

    @property
    def remedy(self) -> str:
        """The sentence that ends the error for an unknown name."""
        return f"A file of your own: path/to/{self.kind}.py."

    def names(self) -> list[str]:
        """All known names, ours and those of installed packages, sorted."""
        return sorted({*self.table, *(point.name for point in entry_points(group=self.entry_point_group))})

    def entry(self, name: str) -> Entry:
        """The entry for a registered name or the path of a file."""
        if self.opens_files and _is_path(name):
            return self._from_file(Path(name))
        if name in self.table:
            module = f"{self.package}.{self.table[name]}"
            return self._read(self.folder / f"{self.table[name].replace('.', '/')}.py", module, name)
        for point in entry_points(group=self.entry_point_group):
            if point.name == name:
                return self._from_entry_point(point.module, name)
        raise unknown(self.kind, name, self.names(), self.remedy)

    def parse(self, text: str) -> list[Choice]:
        """The choices in a comma-separated list, in order and without duplicates."""
        items: list[str] = []
        for part in (piece.strip() for piece in text.split(",")):
            if not part:
                raise UsageError(f"{text!r} has an empty item: separate {self.kind}s with single commas")
            if items and re.match(r"\w+=", part):  # rope:base=500000,fraction=0.25
                items[-1] += f":{part}"
            else:
                items.extend(self.members(part))
        choices: dict[str, Choice] = {}
        for choice in map(self.choice, items):
            known = choices.setdefault(choice.label, choice)
            if known.entry.path != choice.entry.path:
                raise UsageError(
                    f"{known.entry.path} and {choice.entry.path} define {self.kind}s with the same name, "
                    f"{choice.entry.name!r}: rename one"
                )
        return list(choices.values())

    def members(self, item: str) -> tuple[str, ...]:
        """The names that a group stands for; any other item stands for itself.

        A group is "all" (every known name), one of `groups`, or the value of the classes' `group` ("recall").
        """
        if item == "all":
            return tuple(self.names())
        name = item.partition(":")[0]
        if item in self.groups or name in self.table or _is_path(name):
            return self.groups.get(item, (item,))
        if name in self.names():
            return (item,)
        found = {name: self.entry(name).attributes.get("group") for name in self.names()}
        if item not in found.values():
            groups = {"all", *self.groups, *(group for group in found.values() if group)}
            raise unknown(self.kind, item, {*found, *groups}, self.remedy)
        return tuple(name for name, group in found.items() if group == item)

    def choice(self, item: str) -> Choice:
        """The choice for one item: a name or path, with parameters after colons."""
        name, *settings = item.split(":")
        entry = self.entry(name)
        given: dict[str, Parameter] = {}
        for setting in settings:
            key, equals, value = setting.partition("=")
            if not equals:
                raise UsageError(f"{item!r}: {setting!r} is not a parameter; write NAME=VALUE")
            if key not in entry.defaults:
                raise unknown(f"parameter of {entry.name}", key, entry.defaults)
            if key in given:
                raise UsageError(f"{item!r} sets {key!r} twice: set each parameter once")
            given[key] = convert(value, entry.defaults[key], f"{entry.name}:{key}")
        return Choice(entry=entry, parameters={**entry.defaults, **given})

    def wrapped(self, choice: Choice) -> Choice | None:
        """The choice that this one is built around; None if there is none."""
        parameter = choice.entry.attributes.get("wraps")
        return self.choice(str(choice.parameters[parameter])) if isinstance(parameter, str) else None

    def reads_digits(self, choice: Choice) -> bool:
        """True if a choice, or one it is built around, reads the digits of numbers."""
        inner = self.wrapped(choice)
        return bool(choice.entry.attributes.get("numbers")) or (inner is not None and self.reads_digits(inner))

    def fingerprint(self, choice: Choice) -> str:
        """Hash of a choice's code and of the code it is built around."""
        inner = self.wrapped(choice)
        own = choice.entry.fingerprint
        return own if inner is None else hashlib.sha256(f"{own} {self.fingerprint(inner)}".encode()).hexdigest()[:16]

    def load(self, entry: Entry) -> type[Any]:
        """The class itself; this is what imports torch, or runs a user's file."""
        return loading.load(entry)

    def _from_file(self, path: Path) -> Entry:
        if not path.is_file():
            raise UsageError(f"no file {str(path)!r}: name a Python file that defines one {self.kind}")
        entry = self._read(path.resolve(), None, None)
        if entry.name in self.table:
            raise UsageError(f"{path}: the name {entry.name!r} is taken by a built-in {self.kind}; choose another")
        return entry

    def _from_entry_point(self, module: str, name: str) -> Entry:
        origin = loading.origin(module)
        if origin is None:
            raise UsageError(f"{self.kind} {name!r}: its module {module!r} cannot be found; reinstall its package")
        return self._read(Path(origin), module, name)

    def _read(self, path: Path, module: str | None, name: str | None) -> Entry:
        return read_entry(
            self.kind, path, module, name, tuple(self.folder / file for file in self.contract), self.bases
        )


def _is_path(name: str) -> bool:
    return name.endswith(".py") or "/" in name or "\\" in name
