"""Every claim by id: those of the families, and those of a user's file."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

from benchmark.catalogue.grammar import is_path, user_path
from benchmark.catalogue.loading import import_file
from benchmark.claims.claim import Claim
from benchmark.claims.families import (
    absence,
    absolute,
    causality,
    content,
    extrapolation,
    frequencies,
    order,
    periodicity,
    precision,
    rotation,
    stretching,
    training,
    variants,
)
from benchmark.errors import UsageError, echo, first_line, unknown
from benchmark.interrupts import pass_on

FAMILIES = (  # in the order of pages: what the project grew from, what needs no training, and the rest
    periodicity,
    *(rotation, absolute, frequencies, precision, causality),
    *(extrapolation, order, stretching, variants, absence, content, training),
)


def registered() -> dict[str, Claim]:
    """Our own claims by id, in the order of pages."""
    return {claim.id: claim for family in FAMILIES for claim in claims_of(family)}


def chosen(names: Sequence[str]) -> list[Claim]:
    """The claims with these ids or in these files; all of ours for no name.

    Raises UsageError for an unknown one, and for two files that define the same id.
    """
    known = registered()
    if not names:
        return list(known.values())
    found: dict[str, Claim] = {}
    files: dict[str, Path] = {}  # by the id of a user's claim
    for name in names:
        if not is_path(name):
            claim = _registered(name, known)
            found[claim.id] = claim
            continue
        path = user_path(name).resolve()
        for claim in _of_file(name, known):
            if files.setdefault(claim.id, path) != path:
                raise UsageError(f"{files[claim.id]} and {path} both define claim {echo(claim.id)}; rename one")
            found[claim.id] = claim
    return list(found.values())


def claims_of(module: ModuleType) -> list[Claim]:
    """The claims that a module assigns to names, single or in tuples, in its order."""
    values = (value if isinstance(value, tuple) else (value,) for value in vars(module).values())
    return [each for some in values for each in some if isinstance(each, Claim)]


def _registered(name: str, known: dict[str, Claim]) -> Claim:
    spelled = name.upper()
    if spelled not in known:
        raise unknown("claim", name, known, "A file of your own: path/to/claim.py.")
    return known[spelled]


def _of_file(name: str, taken: Iterable[str]) -> list[Claim]:
    path = user_path(name)
    if not path.is_file():
        raise UsageError(f"{echo(name)} is not a file: name a Python file that defines a claim, or an id such as T5")
    try:
        found = claims_of(import_file(path))
    except BaseException as error:  # the user's own code: it may do anything
        pass_on(error)
        raise UsageError(f"{path} cannot be imported: {type(error).__name__}: {first_line(error)}") from error
    if not found:
        raise UsageError(f"{path} defines no claim: assign a Claim to a name, as docs/add-a-claim.md shows")
    for place, claim in enumerate(found):
        if claim.id in {other.id for other in found[:place]}:
            raise UsageError(f"{path}: two claims have the id {echo(claim.id)}; give each its own")
        if claim.id in taken:
            raise UsageError(f"{path}: the id {echo(claim.id)} is taken by a built-in claim; choose another")
    return found
