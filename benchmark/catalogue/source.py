"""Source files of catalogued classes: their text, their syntax tree, and the files that they import from.

A user may edit a file while this process lives (a notebook, a watcher). So everything here that is remembered is keyed
by the content of a file, never by its path.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from importlib.machinery import PathFinder
from itertools import accumulate
from pathlib import Path

from benchmark.errors import UsageError

OWN = Path(__file__).parents[1]  # the folder of this project's own modules


def read(path: Path) -> bytes:
    """The content of a source file."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; check that it exists and its permissions") from None


def parse(path: Path) -> ast.Module:
    """The syntax tree of a file; shared between callers, so never changed."""
    try:
        return _parse(read(path))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise UsageError(f"{path} is not valid Python: {why}") from None


@cache
def _parse(content: bytes) -> ast.Module:
    return ast.parse(content)


def imports(tree: ast.Module, path: Path) -> frozenset[str]:
    """The dotted names that a file may import, each with the packages above it; relative ones made absolute."""
    named: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node, path)
            named |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return frozenset(above for name in named for above in accumulate(name.split("."), "{}.{}".format) if above)


def absolute(node: ast.ImportFrom, path: Path) -> str:
    """The module that a statement imports from: for a relative import, by the packages that its file lies in."""
    if not node.level:
        return node.module or ""
    packages = _packages(path)[: 1 - node.level or None]
    return ".".join([*packages, *filter(None, [node.module])])


def module_file(name: str, path: Path, home: Path) -> Path | None:
    """The file of a module that a file imports and that its user may edit; None for any other module.

    Such a module lies in the package of the file, or in the folder `home` of the user's file, unless a library of that
    name is installed.
    """
    packages, top = _packages(path), name.partition(".")[0]
    if packages and packages[0] == top:
        return _within(path.parents[len(packages)], name)
    return None if _within(home, top, folders=True) is None or _installed(top) else _within(home, name)


def origin(module: str) -> str | None:
    """The file of a module, None if it is not found. `importlib.util.find_spec` would run the packages above it."""
    file: str | None = None
    path: list[str] | None = None  # where to look; for modules of a package, only its own folders
    for name in accumulate(module.split("."), "{}.{}".format):
        specs = (finder.find_spec(name, path) for finder in sys.meta_path)
        spec = next((found for found in specs if found is not None), None)
        if spec is None:
            return None
        file, path = spec.origin, list(spec.submodule_search_locations or [])
    return file


def neighbours(path: Path) -> dict[Path, ast.Module]:
    """The user's files that a user's file imports from, directly or not, with their trees."""
    found: dict[Path, ast.Module] = {}
    waiting = [path]
    while waiting:
        file = waiting.pop()
        tree = parse(file)
        for name in imports(tree, file):
            target = module_file(name, file, path.parent)
            if target is not None and target != path and target not in found and OWN not in target.parents:
                found[target] = parse(target)
                waiting.append(target)
    return found


def local_names(path: Path) -> frozenset[str]:
    """The top-level names under which a user's file and its neighbours import modules from its folder."""
    files = {path: parse(path), **neighbours(path)}
    names = {name.partition(".")[0] for file, tree in files.items() for name in imports(tree, file)}
    return frozenset(
        name for name in names if _within(path.parent, name, folders=True) is not None and not _installed(name)
    )


def package_folder(path: Path) -> Path:
    """The folder that a file is imported from: the one around its outermost package."""
    return path.parents[len(_packages(path))]


def _within(folder: Path, name: str, *, folders: bool = False) -> Path | None:
    """The file of a module in a folder; with `folders`, also a folder without an __init__.py."""
    place = folder.joinpath(*name.split("."))
    for file in (place / "__init__.py", place.with_name(f"{place.name}.py")):
        if file.is_file():
            return file
    return place if folders and place.is_dir() else None


def _packages(path: Path) -> list[str]:
    """The packages that a file lies in, outermost first."""
    return list(reversed([folder.name for folder in _package_folders(path)]))


def _package_folders(path: Path) -> Iterator[Path]:
    for folder in path.parents:
        if not (folder / "__init__.py").is_file():
            return
        yield folder


def _installed(top: str) -> bool:
    """True of a top-level module that a user's folder cannot replace: a standard or an installed library."""
    if top in sys.stdlib_module_names or top == "benchmark":
        return True
    libraries = [place for place in sys.path if {"site-packages", "dist-packages"} & set(Path(place).parts)]
    return PathFinder.find_spec(top, libraries) is not None
