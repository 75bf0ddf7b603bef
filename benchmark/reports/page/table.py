"""What a page is made of, before it is HTML or Markdown: tables, exhibits (a figure with all that is said of it)."""

from dataclasses import dataclass
from itertools import accumulate

from benchmark.reports.words import Phrases, later

MARKS = Phrases({"best": later("best"), "tied": later("tied")})  # of cells


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a table; `mark` is "best", "tied" or "" and `details` are an interval and remarks."""

    text: str
    details: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under columns; the first field of a row names it. `groups` are headings over the other columns."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Field, ...], ...]
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
