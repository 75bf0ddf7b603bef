"""The class itself: importing it from this project, from an installed package, or from a user's file."""

import hashlib
import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from itertools import accumulate
from pathlib import Path
from types import ModuleType
from typing import Any

from benchmark.catalogue.entry import Entry
from benchmark.errors import UsageError


def load(entry: Entry) -> type[Any]:
    """The class of an entry; this is what imports torch, or runs a user's file."""
    if entry.module is not None:
        module = importlib.import_module(entry.module)
    else:
        try:
            module = _import_file(entry.path)
        except (Exception, SystemExit) as error:  # the user's own code: it may do anything
            why = " ".join(str(error).split())
            raise UsageError(f"{entry.path} cannot be imported: {type(error).__name__}: {why}") from error
    return getattr(module, entry.class_name)  # type: ignore[no-any-return]


def origin(module: str) -> str | None:
    """The file of a module, None if it is not found. `importlib.util.find_spec` would run the packages above it."""
    file: str | None = None
    path: list[str] | None = None  # where to look: of a package's modules in its folders alone
    for name in accumulate(module.split("."), "{}.{}".format):
        specs = (finder.find_spec(name, path) for finder in sys.meta_path)
        spec = next((found for found in specs if found is not None), None)
        if spec is None:
            return None
        file, path = spec.origin, list(spec.submodule_search_locations or [])
    return file


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
