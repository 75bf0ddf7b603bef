"""All encodings, or all tasks, by name."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from benchmark.catalogue import loading
from benchmark.catalogue.choice import Choice, convert, label
from benchmark.catalogue.entry import Entry, Parameter, read_entry
from benchmark.catalogue.grammar import is_path, items, name_and_settings, user_path, variants
from benchmark.catalogue.source import origin
from benchmark.errors import UsageError, echo, nearest, refuse_undecodable, unknown


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The registry of one kind: our own table, entry points of installed packages, and files named by the user."""

    kind: str
    package: str
    contract: tuple[str, ...]  # file names of the contract inside the package
    bases: tuple[str, ...]  # the contract's classes; an entry derives from one
    arguments: tuple[str, ...]  # what the constructor gets before the parameters
    table: Mapping[str, str]  # name -> module inside the package
    groups: Mapping[str, tuple[str, ...]]  # group name -> names
    entry_point_group: str
    rules: Mapping[str, Callable[[Entry], bool]] = field(default_factory=dict)  # group name -> whether an entry belongs
    aliases: Mapping[str, str] = field(default_factory=dict)  # other name -> a sentence: which of ours it is
    opens_files: bool = True

    @property
    def registered(self) -> "Catalogue":
        """The same registry without files, for names from records, which must not decide what is opened."""
        return replace(self, opens_files=False)

    @property
    def folder(self) -> Path:
        """The folder of our own classes of this kind."""
        return Path(__file__).parents[1].joinpath(*self.package.split(".")[1:])

    @property
    def remedy(self) -> str:
        """The sentence that ends the error for an unknown name."""
        return f"A file of your own: path/to/{self.kind}.py."

    def names(self) -> list[str]:
        """All known names, ours and those of installed packages, sorted."""
        return sorted({*self.table, *(point.name for point in entry_points(group=self.entry_point_group))})

    def entries(self) -> list[Entry]:
        """All entries by name, without those of installed packages that are at fault."""
        at_fault = self.faults()
        return [self.entry(name) for name in self.names() if name not in at_fault]

    def faults(self) -> dict[str, str]:
        """What is wrong with the entries of installed packages that cannot be read, by name."""
        found = {}
        for name in self.names():
            if name not in self.table:
                try:
                    self.entry(name)
                except UsageError as error:
                    found[name] = f"the {self.kind} {name!r} of an installed package is left out: {error}"
        return found

    def entry(self, name: str) -> Entry:
        """The entry for a registered name or the path of a file."""
        if self.opens_files and is_path(name):
            return self._from_file(name)
        if name in self.table:
            module = f"{self.package}.{self.table[name]}"
            return self._read(self.folder / f"{self.table[name].replace('.', '/')}.py", module, name)
        for point in entry_points(group=self.entry_point_group):
            if point.name == name:
                return self._from_entry_point(point.module, name)
        raise self._unknown(name, self.names())

    def left_out(self, text: str) -> list[str]:
        """What the groups in a list leave out, a line each: entries of installed packages that are at fault."""
        faults = list(self.faults().values())
        wide = {"all", *self._own_groups()} if faults else set()
        return faults if wide.intersection(items(text)) else []

    def parse(self, text: str) -> list[Choice]:
        """The choices in a comma-separated list, in order and without duplicates; a sweep gives several."""
        refuse_undecodable(f"the list of {self.kind}s", text)
        found: list[str] = []
        for item in items(text):
            if not item:
                raise UsageError(f"{echo(text)} has an empty item: separate {self.kind}s with single commas")
            if found and re.match(r"\w+(\.\w+)*=", item):  # rope:base=500000,fraction=0.25
                found[-1] += f":{item}"
            else:
                found.extend(self.members(item))
        choices: dict[str, Choice] = {}
        for choice in map(self.choice, (variant for item in found for variant in variants(item))):
            known = choices.setdefault(choice.label, choice)
            if known.entry.path != choice.entry.path:
                raise UsageError(
                    f"{known.entry.path} and {choice.entry.path} define {self.kind}s with the same name, "
                    f"{choice.entry.name!r}: rename one"
                )
        return list(choices.values())

    def members(self, item: str) -> tuple[str, ...]:
        """The names that a group stands for; any other item stands for itself.

        A group is "all" (every known name), one of `groups` or of `rules`, or the value of classes' `group` ("recall").
        """
        if item == "all":
            return tuple(entry.name for entry in self.entries())
        name, _ = name_and_settings(item)
        if item in self.groups or name in self.table or is_path(name):
            return self.groups.get(item, (item,))
        if name in self.names():
            return (item,)
        members = tuple(entry.name for entry in self.entries() if item in self.groups_of(entry))
        if not members:
            raise self._unknown(name, {*self.names(), "all", *self.groups, *self._own_groups()})
        return members

    def groups_of(self, entry: Entry) -> tuple[str, ...]:
        """The groups that an entry belongs to, without "all"."""
        own = entry.attributes.get("group")
        found = [
            *(group for group, names in self.groups.items() if entry.name in names),
            *(group for group, belongs in self.rules.items() if belongs(entry)),
            *([own] if isinstance(own, str) else []),
        ]
        return tuple(dict.fromkeys(found))

    def _unknown(self, given: str, known: Iterable[str]) -> UsageError:
        """The error for an unknown name: what another name for one of ours means, or else the nearest known name."""
        spelled = re.sub(r"[_ ]", "-", given.lower())
        near = spelled if spelled in self.aliases else nearest(spelled, {*known, *self.aliases})
        if near is None or near not in self.aliases:
            return unknown(self.kind, given, known, self.remedy)
        guess = "" if near == spelled else f"; did you mean {near!r}?"
        return UsageError(f"unknown {self.kind} {echo(given)}{guess or ':'} {self.aliases[near]}")

    def _own_groups(self) -> set[str]:
        """The groups that follow from what entries say of themselves."""
        return {group for entry in self.entries() for group in self.groups_of(entry)} - self.groups.keys()

    def choice(self, item: str) -> Choice:
        """The choice for one item: a name or path, with parameters after colons."""
        if len(several := variants(item)) > 1:
            raise UsageError(f"{echo(item)} is a sweep of {len(several)} {self.kind}s, but only one fits here: name it")
        name, settings = name_and_settings(item)
        entry = self.entry(name)
        around = entry.attributes.get("wraps")
        given: dict[str, Parameter] = {}
        inner: list[str] = []
        for setting in settings:
            key, equals, value = setting.partition("=")
            key = unicodedata.normalize("NFKC", key)  # as Python reads the names in source text
            if not equals:
                raise UsageError(f"{echo(item)}: {echo(setting)} is not a parameter; write NAME=VALUE")
            if isinstance(around, str) and key.startswith(f"{around}."):
                inner.append(f"{key.removeprefix(f'{around}.')}={value}")
                continue
            if key not in entry.defaults:
                raise unknown(f"parameter of {entry.name}", key, entry.defaults)
            if key in given:
                remedy = f"; a parameter of the base is {key}.NAME=VALUE" if key == around else ""
                raise UsageError(f"{echo(item)} sets {echo(key)} twice: set each parameter once{remedy}")
            given[key] = convert(value, entry.defaults[key], f"{entry.name}:{key}")
        if inner:
            given[str(around)] = self._set(str(given.get(str(around), entry.defaults.get(str(around), ""))), inner)
        return Choice(entry=entry, parameters={**entry.defaults, **given})

    def _set(self, name: str, settings: list[str]) -> str:
        """A name or path with the settings that differ from the defaults: what a wrapper's parameter holds."""
        chosen = self.choice(":".join((name, *settings)))
        return label(name, chosen.parameters, chosen.entry.defaults)

    def wrapped(self, choice: Choice) -> Choice | None:
        """The choice that this one is built around; None if there is none."""
        parameter = choice.entry.attributes.get("wraps")
        if not isinstance(parameter, str):
            return None
        if not isinstance(choice.parameters.get(parameter), str):
            raise UsageError(f"{choice.entry.path}: wraps is {parameter!r}, but __init__ has no such parameter of text")
        return self.choice(str(choice.parameters[parameter]))

    def reads_digits(self, choice: Choice) -> bool:
        """True if a choice, or one it is built around, reads the digits of numbers."""
        return self._reads(choice, "numbers")

    def reads_marks(self, choice: Choice) -> bool:
        """True if a choice, or one it is built around, reads the marks that end segments."""
        return self._reads(choice, "segments")

    def _reads(self, choice: Choice, what: str) -> bool:
        inner = self.wrapped(choice)
        return bool(choice.entry.attributes.get(what)) or (inner is not None and self._reads(inner, what))

    def fingerprint(self, choice: Choice) -> str:
        """Hash of a choice's code and of the code it is built around."""
        inner = self.wrapped(choice)
        own = choice.entry.fingerprint
        return own if inner is None else hashlib.sha256(f"{own} {self.fingerprint(inner)}".encode()).hexdigest()[:16]

    def load(self, entry: Entry) -> type[Any]:
        """The class itself; this is what imports torch, or runs a user's file."""
        return loading.load(entry)

    def _from_file(self, name: str) -> Entry:
        path = user_path(name)
        try:
            path.stat()
        except FileNotFoundError:
            pass  # named below
        except (OSError, ValueError) as error:  # too long, or with a null character
            why = getattr(error, "strerror", None) or str(error)
            raise UsageError(f"{name[:80]!r}: {why}; name a Python file that defines one {self.kind}") from None
        if path.is_dir():
            raise UsageError(f"{name!r} is a folder: name the Python file in it that defines one {self.kind}")
        if not path.is_file():
            raise UsageError(f"no file {name!r}: name a Python file that defines one {self.kind}")
        if path.suffix != ".py":
            raise UsageError(f"{name!r} is not a Python file (.py): name one that defines one {self.kind}")
        refuse_undecodable("the path of a file", str(path.resolve()))
        entry = self._read(path.resolve(), None, None)
        if entry.name in self.table:
            raise UsageError(f"{path}: the name {entry.name!r} is taken by a built-in {self.kind}; choose another")
        if entry.name in {"all", *self.groups, *self.rules, *self._own_groups()}:
            raise UsageError(f"{path}: the name {entry.name!r} is that of a group of {self.kind}s; choose another")
        return entry

    def _from_entry_point(self, module: str, name: str) -> Entry:
        file = origin(module)
        if file is None:
            raise UsageError(f"{self.kind} {name!r}: its module {module!r} cannot be found; reinstall its package")
        if not file.endswith(".py"):
            raise UsageError(f"{self.kind} {name!r}: its module {module!r} has no source text to read ({file})")
        if name in {"all", *self.groups, *self.rules}:
            raise UsageError(
                f"{file}: the name {name!r} is that of a group of {self.kind}s; its package must rename it"
            )
        return self._read(Path(file), module, name)

    def _read(self, path: Path, module: str | None, name: str | None) -> Entry:
        return read_entry(
            self.kind,
            path,
            module,
            name,
            tuple(self.folder / file for file in self.contract),
            self.bases,
            self.arguments,
        )
