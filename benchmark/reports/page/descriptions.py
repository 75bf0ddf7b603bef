"""What an encoding is, read from its own source text: title, idea, formula and the address of its publication.

A module of `benchmark/encodings` opens with a sentence, then the formula as indented lines, which sentences may
explain, then "Source:". Nothing is imported: a report needs no torch, and runs no code of its reader's.

Convention: an encoding from a file is known by its name alone, so that nothing of it can be shown here.
"""

import re
import textwrap
from dataclasses import dataclass

from benchmark.encodings import CATALOGUE
from benchmark.errors import UsageError

ADDRESS = re.compile(r"https://[^\s\"'<>]+")  # and no other scheme: it becomes a link


@dataclass(frozen=True, kw_only=True)
class Description:
    """An encoding for people; "" where its source text does not say."""

    title: str
    idea: str
    formula: str  # lines of plain text
    where: str  # what explains the formula
    source: str  # an address
    around: str  # the encoding that it is built around


def describe(label: str) -> Description | None:
    """The encoding with this label; None if none of its name is installed here."""
    try:
        choice = CATALOGUE.registered.choice(label)
        around = CATALOGUE.registered.wrapped(choice)
    except (UsageError, OSError):
        return None
    entry = choice.entry
    idea, *others = entry.documentation.split("\n\n")
    body = others[: next((at for at, part in enumerate(others) if part.startswith("Source:")), 0)]
    return Description(
        title=str(entry.attributes["title"]),
        idea=_line(idea),
        formula="\n\n".join(textwrap.dedent(part) for part in body if part.startswith(" ")),
        where=" ".join(_line(part) for part in body if not part.startswith(" ")),
        source=str(entry.attributes["source"]) if ADDRESS.fullmatch(str(entry.attributes["source"])) else "",
        around=around.label if around else "",
    )


def _line(text: str) -> str:
    return " ".join(text.split())
