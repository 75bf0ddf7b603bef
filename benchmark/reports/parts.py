"""What a page is made of, before it is HTML or Markdown: tables, exhibits (a figure with all that is said of it)."""

import base64
from dataclasses import dataclass, field
from itertools import accumulate
from urllib.parse import quote

from markupsafe import Markup

from benchmark.reports.crowd import MANY
from benchmark.reports.interactive import Figure
from benchmark.reports.words import Phrases, later, t

KEY_DIGITS = 8
TALL = MANY + 1  # entries of a legend: encodings, and chance
MARKS = Phrases({"best": later("best"), "tied": later("tied")})  # of cells
PLAIN = " !$'()*+,-./:;=?@[]^_`{|}~"  # in the address of a picture: nothing that ends or escapes a value of HTML
MEDIA = {"svg": "image/svg+xml", "png": "image/png"}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A field of a table; `mark` is "best", "tied" or "" and `details` are an interval and remarks."""

    text: str
    details: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under columns; the first field of a row names it. `groups` are headings over the other columns."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    groups: tuple["Group", ...] = ()
    words: frozenset[int] = frozenset()  # columns of text, set flush left
    wraps: int | None = None  # the column of long text, which may break into lines
    title: str = ""  # a heading of its own, under which it can be folded away
    folded: bool = False  # shown when asked for

    def column_class(self, index: int) -> str:
        """The styles of a column; a group begins with a rule."""
        starts = set(accumulate((group.span for group in self.groups), initial=1)) if self.groups else set()
        styles = {"words": index in self.words, "wraps": index == self.wraps, "group-start": index in starts}
        return " ".join(style for style, holds in styles.items() if holds)


@dataclass(frozen=True, kw_only=True)
class Group:
    """A heading over `span` columns."""

    title: str
    span: int
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Data:
    """The numbers behind a figure, to be worked with: a row a point, None where there is no value."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A static figure, its interactive twin if it has one, and what must be said of it."""

    id: str  # of the place in the page, and the name of the picture's file
    title: str
    alt: str  # for those who cannot see it
    caption: str  # seeds and interval
    models: tuple[str, ...]  # keys of the trained models behind it: their folders under cells/
    measured: int  # records behind it
    picture: bytes
    format: str  # "svg" or "png"
    about: str = ""
    interactive: Figure | None = field(default=None, repr=False)
    numbers: Table | None = None
    data: Data | None = field(default=None, repr=False)  # for readers to take away
    folded: bool = False  # shown when asked for
    wide: bool = False  # scrolls on a narrow screen rather than shrink until nothing can be read

    @property
    def tall(self) -> bool:
        """Whether its interactive twin has many curves to tell apart."""
        return self.interactive is not None and sum("name" in trace for trace in self.interactive["data"]) > TALL

    @property
    def file(self) -> str:
        """The picture's file name."""
        return f"{self.id}.{self.format}"

    @property
    def data_uri(self) -> Markup:
        """The picture inside a page, for a value in double quotes.

        Text is written as it is, since base64 takes a third more, and with single quotes, which need no escape.
        """
        if self.format == "svg":
            text = self.picture.decode().replace("'", "&#39;").replace('"', "'")
            return Markup(f"data:{MEDIA[self.format]},{quote(text, safe=PLAIN)}")
        return Markup(f"data:{MEDIA[self.format]};base64,{base64.b64encode(self.picture).decode()}")

    @property
    def inline(self) -> Markup:
        """An SVG picture of ours as a part of the page, where it follows the reader's theme."""
        return Markup(self.picture.decode())

    @property
    def records(self) -> str:
        """How many records stand behind it."""
        records = t("1 record") if self.measured == 1 else t("{n} records", n=self.measured)
        models = t("1 trained model") if len(self.models) == 1 else t("{n} trained models", n=len(self.models))
        return t("From {records} of {models}", records=records, models=models)

    @property
    def folders(self) -> tuple[str, ...]:
        """The beginnings of the models' folder names, enough to find them."""
        return tuple(key[:KEY_DIGITS] for key in self.models)


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
