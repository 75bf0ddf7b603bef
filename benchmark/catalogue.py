"""Encodings and tasks by name, read from their source text without importing torch.

A catalogued class keeps what people and plans need of it in literals: class attributes (name, title, source, ...) and
the defaults of its keyword-only parameters. They are read from the syntax tree, so that `list` answers at once and a
plan can be made, and found finished, without loading a single library.

    rope                        a name in the registry
    rope:base=500000            with a parameter; several are joined by ":" (rope:base=500000:fraction=0.25)
    path/to/mine.py             a file that defines one class of the kind
    randomized:base=alibi       around another, where the class says which parameter names it (`wraps`)
    NAME                        also one that an installed package offers as an entry point
"""

import ast
import hashlib
import importlib.util
import math
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.metadata import entry_points
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark.errors import UsageError, unknown

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
        """What a line of the module's docstring states, such as "Chance: 1 / 10."; None if no line does."""
        line = re.search(rf"^{what}: (.+?)\.?$", self.documentation, flags=re.M)
        return line.group(1) if line else None


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An entry with its parameters set, as one item of `--encodings` or `--tasks` names it."""

    entry: Entry
    parameters: Mapping[str, Parameter]

    @property
    def label(self) -> str:
        """The name, with the parameters that differ from their defaults: "rope:base=500000"."""
        return label(self.entry.name, self.parameters, self.entry.defaults)


def label(name: str, parameters: Mapping[str, Parameter], defaults: Mapping[str, Parameter]) -> str:
    """What a choice is called in tables: its shortest spelling on the command line."""
    return ":".join([name, *spelled({key: value for key, value in parameters.items() if value != defaults.get(key)})])


def spelled(parameters: Mapping[str, Parameter]) -> list[str]:
    """Parameters as the command line writes them: "base=500000"."""
    return [f"{key}={_spell(value)}" for key, value in parameters.items()]


def _spell(value: Parameter) -> str:
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """The registry of one kind: a table of ours, entry points of installed packages, and files named by the user."""

    kind: str
    package: str
    contract: tuple[str, ...]  # file names of the contract inside the package
    bases: tuple[str, ...]  # the contract's classes, one of which an entry derives from
    table: Mapping[str, str]  # name -> module inside the package
    groups: Mapping[str, tuple[str, ...]]  # group name -> names
    entry_point_group: str
    opens_files: bool = True

    @property
    def registered(self) -> "Catalogue":
        """The same without files: for names that come from records, which may not say what is opened."""
        return replace(self, opens_files=False)

    @property
    def folder(self) -> Path:
        """Where our own classes of this kind live."""
        return Path(__file__).parent / self.package.rsplit(".", 1)[-1]

    @property
    def remedy(self) -> str:
        """What else may be named."""
        return f"A file of your own: path/to/{self.kind}.py."

    def names(self) -> list[str]:
        """Every known name, ours and those of installed packages, sorted."""
        return sorted({*self.table, *(point.name for point in entry_points(group=self.entry_point_group))})

    def entry(self, name: str) -> Entry:
        """The entry of a registered name, or of a path to a file."""
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
        """The choices that a comma-separated list names, in its order, each once."""
        items: list[str] = []
        for part in (piece.strip() for piece in text.split(",")):
            if not part:
                raise UsageError(f"{text!r} has an empty item: separate {self.kind}s by single commas")
            if items and re.match(r"\w+=", part):  # rope:base=500000,fraction=0.25
                items[-1] += f":{part}"
            else:
                items.extend(self.members(part))
        choices: dict[str, Choice] = {}
        for choice in map(self.choice, items):
            known = choices.setdefault(choice.label, choice)
            if known.entry.path != choice.entry.path:
                raise UsageError(
                    f"{known.entry.path} and {choice.entry.path} define {self.kind}s of one name, "
                    f"{choice.entry.name!r}: rename one"
                )
        return list(choices.values())

    def members(self, item: str) -> tuple[str, ...]:
        """The names that a group stands for; any other item stands for itself.

        A group is "all" (every known name), one of `groups`, or what classes call their `group` ("recall").
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
        """One item: a name or path, with parameters after colons."""
        name, *settings = item.split(":")
        entry = self.entry(name)
        given: dict[str, Parameter] = {}
        for setting in settings:
            key, equals, value = setting.partition("=")
            if not equals:
                raise UsageError(f"{item!r}: {setting!r} is no parameter; write NAME=VALUE")
            if key not in entry.defaults:
                raise unknown(f"parameter of {entry.name}", key, entry.defaults)
            if key in given:
                raise UsageError(f"{item!r} sets {key!r} twice: set each parameter once")
            given[key] = convert(value, entry.defaults[key], f"{entry.name}:{key}")
        return Choice(entry=entry, parameters={**entry.defaults, **given})

    def wrapped(self, choice: Choice) -> Choice | None:
        """The choice that another is built around; None if it stands alone."""
        parameter = choice.entry.attributes.get("wraps")
        return self.choice(str(choice.parameters[parameter])) if isinstance(parameter, str) else None

    def reads_digits(self, choice: Choice) -> bool:
        """Whether a choice, or what it is built around, reads the digits of numbers."""
        inner = self.wrapped(choice)
        return bool(choice.entry.attributes.get("numbers")) or (inner is not None and self.reads_digits(inner))

    def fingerprint(self, choice: Choice) -> str:
        """Hash of a choice's code, and of the code of what it is built around."""
        inner = self.wrapped(choice)
        own = choice.entry.fingerprint
        return own if inner is None else hashlib.sha256(f"{own} {self.fingerprint(inner)}".encode()).hexdigest()[:16]

    def load(self, entry: Entry) -> type[Any]:
        """The class itself; this is what imports torch, or a user's file."""
        if entry.module is not None:
            module = importlib.import_module(entry.module)
        else:
            try:
                module = _import_file(entry.path)
            except (Exception, SystemExit) as error:  # the user's own code: it may do anything
                why = " ".join(str(error).split())
                raise UsageError(f"{entry.path} cannot be imported: {type(error).__name__}: {why}") from error
        return getattr(module, entry.class_name)  # type: ignore[no-any-return]

    def _from_file(self, path: Path) -> Entry:
        if not path.is_file():
            raise UsageError(f"no file {str(path)!r}: name a Python file that defines one {self.kind}")
        entry = self._read(path.resolve(), None, None)
        if entry.name in self.table:
            raise UsageError(f"{path}: the name {entry.name!r} is taken by a built-in {self.kind}; choose another")
        return entry

    def _from_entry_point(self, module: str, name: str) -> Entry:
        origin = _origin(module)
        if origin is None:
            raise UsageError(f"{self.kind} {name!r}: its module {module!r} cannot be found; reinstall its package")
        return self._read(Path(origin), module, name)

    def _read(self, path: Path, module: str | None, name: str | None) -> Entry:
        return read_entry(
            self.kind, path, module, name, tuple(self.folder / file for file in self.contract), self.bases
        )


@cache
def read_entry(
    kind: str, path: Path, module: str | None, name: str | None, contract: tuple[Path, ...], bases: tuple[str, ...]
) -> Entry:
    """The class of a kind in a file: by its `name`, or the only one if no name is given."""
    found = [node for node in _tree(path).body if isinstance(node, ast.ClassDef) and _derives(node, bases)]
    named = {str(_literals(node).get("name", "")): node for node in found}
    if name is None and len(found) != 1:
        raise UsageError(f"{path} defines {len(found)} {kind}s, but must define exactly one class from {bases[0]}")
    key = name if name is not None else next(iter(named))
    if key not in named or not key:
        raise UsageError(f"{path} must define a class from {bases[0]} with name = {key or 'a text'!r}")
    node = named[key]
    if not re.fullmatch(r"[a-z0-9][a-z0-9_+-]*", key):
        raise UsageError(f"{path}: the name {key!r} must be lower-case letters, digits, '-', '_' or '+'")
    contract_nodes = (item for file in contract for item in _tree(file).body)
    contract_classes = {item.name: item for item in contract_nodes if isinstance(item, ast.ClassDef)}
    attributes = {**_inherited(node, contract_classes), **_literals(node)}
    missing = [wanted for wanted in ("title", "source") if not isinstance(attributes.get(wanted), str)]
    if missing:
        raise UsageError(f"{path}: class {node.name} must set {' and '.join(missing)} to a literal text")
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


def convert(text: str, default: Parameter, what: str) -> Parameter:
    """A parameter's value from its text, of the type of its default."""
    if isinstance(default, bool):
        if text.lower() in ("true", "yes", "1"):
            return True
        if text.lower() in ("false", "no", "0"):
            return False
        raise UsageError(f"{what} is {text!r}, but must be true or false")
    if isinstance(default, str):
        return text
    kind = "a whole number" if isinstance(default, int) else "a finite number"
    try:
        number = type(default)(text)
        finite = math.isfinite(number)
    except (ValueError, OverflowError):
        raise UsageError(f"{what} is {text!r}, but must be {kind}, such as {_spell(default)}") from None
    if not finite:
        raise UsageError(f"{what} is {text!r}, but must be {kind}, such as {_spell(default)}")
    return number


def _origin(module: str) -> str | None:
    """The file of a module, None if it is not found. `importlib.util.find_spec` would run the packages above it."""
    origin: str | None = None
    path: list[str] | None = None  # where to look: of a package's modules in its folders alone
    for name in accumulate(module.split("."), "{}.{}".format):
        specs = (finder.find_spec(name, path) for finder in sys.meta_path)
        spec = next((found for found in specs if found is not None), None)
        if spec is None:
            return None
        origin, path = spec.origin, list(spec.submodule_search_locations or [])
    return origin


def fingerprint(path: Path, contract: tuple[Path, ...]) -> str:
    """Hash of the code of a file and of the modules beside the contract that it builds on: 16 hexadecimal digits.

    Docstrings, comments and imports of this project's own modules do not count, so that code can move between modules
    without changing a hash. Neither does the contract: PROTOCOL is raised when a change there changes results. What a
    user's file imports from elsewhere is the user's to version.
    """
    own, imported = _code(path.read_bytes())
    siblings: dict[Path, str] = {}
    waiting = _siblings(imported, contract)
    while waiting:
        sibling = waiting.pop()
        siblings[sibling], imported = _code(sibling.read_bytes())
        waiting |= _siblings(imported, contract) - siblings.keys() - {path}
    code = own + "".join(sorted(siblings.values()))
    return hashlib.sha256(code.encode()).hexdigest()[:16]


@cache  # by the text itself: a plan of hundreds of cells asks again and again, and a session may edit a file
def _code(source: bytes) -> tuple[str, frozenset[str]]:
    """The syntax tree of a source text as counted in a fingerprint, and the modules that it imports names from."""
    tree = ast.parse(source)
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    tree = _WithoutOwnImports().visit(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return _dump(tree), frozenset(imported)


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
    """The modules beside the contract that a file imports names from."""
    folder = contract[0].parent
    package = f"benchmark.{folder.name}."
    files = {folder / f"{name.removeprefix(package)}.py" for name in imported if name.startswith(package)}
    return {file for file in files if file not in contract and file.is_file()}


def _is_path(name: str) -> bool:
    return name.endswith(".py") or "/" in name or "\\" in name


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
            continue  # computed: not for listing
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
        raise UsageError(f"{path}: parameter {name!r} needs a literal default: a number, a text, True or False")
    return literal


class _Plugin(SourceFileLoader):
    """Loads a user's file, and leaves no __pycache__ beside it."""

    def set_data(self, path: str, data: Any, *, _mode: int = 0o666) -> None:
        pass


def _import_file(path: Path) -> ModuleType:
    name = f"benchmark_plugin_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path, loader=_Plugin(name, str(path)))
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} cannot be loaded as a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]  # half a module must not pass for a whole one at the next call
        raise
    return module
