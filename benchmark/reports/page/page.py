"""TODO."""

from dataclasses import dataclass

from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.table import Table


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a report has to say of one encoding by itself; folded, with a permanent link."""

    id: str
    name: str  # its label
    title: str
    idea: str
    formula: str
    where: str  # what explains the formula
    source: str  # the address of its publication, "" if it has none
    lines: tuple[str, ...]
    exhibit: Exhibit
    table: Table
    links: tuple[tuple[str, str, str], ...]  # to other places: what is there, its id, its heading

    @property
    def heading(self) -> str:
        """Its label, and its title where that says more."""
        return f"{self.name} · {self.title}" if self.title and self.title.lower() != self.name else self.name


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the page with a permanent link. `lines` are paragraphs, shown before its tables and exhibits."""

    id: str
    title: str
    lines: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    exhibits: tuple[Exhibit, ...] = ()
    code: str | None = None  # a command to copy
    terms: tuple[tuple[str, str], ...] = ()  # a word and what it means
    paired: bool = False  # exhibits two abreast where there is room
    profiles: tuple[Profile, ...] = ()

    @property
    def pictures(self) -> tuple[Exhibit, ...]:
        """Every figure that is a file of its own."""
        return (*self.exhibits, *(profile.exhibit for profile in self.profiles))


@dataclass(frozen=True, kw_only=True)
class Page:
    """A whole report. `colors` names each encoding's colour in the stylesheet."""

    title: str
    lead: str
    sections: tuple[Section, ...]
    colors: dict[str, str]
    footer: str
    data: str  # what it shows, for programs
