"""Descriptions of encodings, read from their source text: title, idea, formula and the address of the publication.

A module in `benchmark/encodings` opens with one sentence, then the formula as indented lines with optional sentences
that explain it, then "Source:". Nothing is imported, so a report loads no torch and runs no code of its reader's.

Convention: a record holds only the name of an encoding that came from a file, so such an encoding has no description.
"""

import re
import textwrap
from dataclasses import dataclass

from benchmark.catalogue import Entry
from benchmark.encodings import CATALOGUE
from benchmark.errors import UsageError

ADDRESS = re.compile(r"https://[^\s\"'<>]+")  # no other scheme: it becomes a link


@dataclass(frozen=True, kw_only=True)
class Description:
    """An encoding as readers see it; "" where the source text says nothing."""

    title: str
    idea: str
    formula: str  # lines of plain text
    where: str  # explains the symbols of the formula
    source: str  # a URL
    around: str  # label of the encoding it wraps


def describe(label: str) -> Description | None:
    """The description of an encoding; None if no encoding of this name is installed here."""
    try:
        choice = CATALOGUE.registered.choice(label)
        around = CATALOGUE.registered.wrapped(choice)
    except (UsageError, OSError):
        return None
    entry = choice.entry
    _, *others = entry.documentation.split("\n\n")
    body = others[: next((at for at, part in enumerate(others) if part.startswith("Source:")), 0)]
    return Description(
        title=str(entry.attributes["title"]),
        idea=idea_of(entry),
        formula="\n\n".join(textwrap.dedent(part) for part in body if part.startswith(" ")),
        where=" ".join(_line(part) for part in body if not part.startswith(" ")),
        source=str(entry.attributes["source"]) if ADDRESS.fullmatch(str(entry.attributes["source"])) else "",
        around=around.label if around else "",
    )


def idea_of(entry: Entry) -> str:
    """The sentence that opens the source text."""
    return _line(entry.documentation.split("\n\n")[0])


def _line(text: str) -> str:
    return " ".join(text.split())
