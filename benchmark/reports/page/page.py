"""A report as data: a page of sections, before it becomes HTML or Markdown.

Whoever writes a page decides how a part looks; whoever builds it only fills in these dataclasses.
"""

from dataclasses import dataclass

from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.table import Table


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Everything the report says about a single encoding; folded, with a permanent link."""

    id: str
    name: str  # its label
    title: str
    idea: str
    formula: str
    where: str  # explains the symbols of the formula
    source: str  # the address of its publication, "" if it has none
    lines: tuple[str, ...]
    exhibit: Exhibit
    table: Table
    links: tuple[tuple[str, str, str], ...]  # elsewhere in the page: link text, id, heading

    @property
    def heading(self) -> str:
        """The label, followed by the title where it adds something."""
        return f"{self.name} · {self.title}" if self.title and self.title.lower() != self.name else self.name


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page with a permanent link. `lines` are paragraphs, shown before the tables and exhibits."""

    id: str
    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    code: str | None = None  # a command to copy
    terms: tuple[tuple[str, str], ...] = ()  # a term and its meaning
    profiles: tuple[Profile, ...] = ()

    @property
    def pictures(self) -> tuple[Exhibit, ...]:
        """Every figure that is written to its own file."""
        return (*self.exhibits, *(profile.exhibit for profile in self.profiles))


@dataclass(frozen=True, kw_only=True)
class Page:
    """A whole report. `colors` names each encoding's colour in the stylesheet."""

    title: str
    lead: str
    sections: tuple[Section, ...]
    colors: dict[str, str]
    footer: str
    data: str  # the values shown, as JSON for other programs
