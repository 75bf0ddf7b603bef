"""The class itself: importing it from this project, from an installed package, or from a user's file."""

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark.catalogue.entry import Entry
from benchmark.catalogue.source import OWN, local_names, neighbours, read
from benchmark.errors import UsageError
from benchmark.interrupts import pass_on


class PackageError(UsageError):
    """An encoding or task of an installed package that cannot be imported."""


def load(entry: Entry) -> type[Any]:
    """The class of an entry; this is what imports torch, or runs a user's file."""
    if entry.module is not None and OWN in entry.path.parents:
        return _class(importlib.import_module(entry.module), entry)
    try:
        return _class(import_file(entry.path) if entry.module is None else _import_installed(entry.module), entry)
    except BaseException as error:  # the user's own code: it may do anything
        pass_on(error)
        why = " ".join(str(error).split())
        what = f"{entry.path} cannot be imported: {type(error).__name__}: {why}{_remedy(error, entry)}"
        raise (UsageError if entry.module is None else PackageError)(what) from error


def _class(module: ModuleType, entry: Entry) -> type[Any]:
    return getattr(module, entry.class_name)  # type: ignore[no-any-return]


def _remedy(error: BaseException, entry: Entry) -> str:
    if entry.module is not None:
        return f"; it is the {entry.kind} {entry.name!r} of an installed package: update, mend or uninstall that"
    if isinstance(error, ImportError) and "relative import" in str(error):
        return "; write `from helper import x` for a file helper.py beside it"
    if isinstance(error, ModuleNotFoundError):
        return f"; install it, or put {error.name}.py beside the file"
    return ""


def _import_installed(name: str) -> ModuleType:
    known = set(sys.modules)
    try:
        return importlib.import_module(name)
    except BaseException:
        for half in sys.modules.keys() - known:  # a second attempt must find the same cause
            if half.partition(".")[0] == name.partition(".")[0]:
                del sys.modules[half]
        raise


class _Loader(SourceFileLoader):
    """Loads a user's file from its text: no __pycache__ is written beside it, and no outdated one is read."""

    def get_code(self, fullname: str) -> Any:
        return compile(read(Path(self.path)), self.path, "exec", dont_inherit=True)


class _Beside(MetaPathFinder):
    """Finds the modules beside the user's file that was loaded last."""

    def __init__(self) -> None:
        self.folder, self.names = Path(), frozenset[str]()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a module beside the file, or inside a package there."""
        if fullname.partition(".")[0] not in self.names:
            return None
        place = self.folder.joinpath(*fullname.split("."))
        package, module = place / "__init__.py", place.with_name(f"{place.name}.py")
        if package.is_file():
            loader, folders = _Loader(fullname, str(package)), [str(place)]
            return importlib.util.spec_from_file_location(
                fullname, package, loader=loader, submodule_search_locations=folders
            )
        if module.is_file():
            return importlib.util.spec_from_file_location(fullname, module, loader=_Loader(fullname, str(module)))
        return None

    def turn_to(self, folder: Path, names: frozenset[str], modules: dict[str, ModuleType]) -> None:
        """Have imports of these names mean the modules in this folder; those loaded for another file are put away."""
        for name in [each for each in sys.modules if each.partition(".")[0] in self.names | names]:
            del sys.modules[name]
        self.folder, self.names = folder, names
        sys.modules.update(modules)

    def loaded(self) -> dict[str, ModuleType]:
        """The modules beside the file that are loaded by now."""
        return {name: module for name, module in sys.modules.items() if name.partition(".")[0] in self.names}


_beside = _Beside()
_modules: dict[str, dict[str, ModuleType]] = {}  # by the name of a user's module: what it imported from its folder


def import_file(path: Path) -> ModuleType:
    """The module of a user's file, loaded anew whenever the file or one that it builds on has changed."""
    if _beside not in sys.meta_path:
        sys.meta_path.insert(0, _beside)
    content = [str(path).encode(), read(path), *(read(file) for file in sorted(neighbours(path)))]
    digest = hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in content)).hexdigest()
    name = f"benchmark_plugin_{digest[:12]}"
    _beside.turn_to(path.parent, local_names(path), _modules.get(name, {}))
    if name in _modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path, loader=_Loader(name, str(path)))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]  # half a module must not pass for a whole one at the next call
        raise
    _modules[name] = _beside.loaded()
    return module
