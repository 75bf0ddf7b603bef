"""Tables as data: rows of fields under columns and column groups, before they become HTML or Markdown."""

from dataclasses import dataclass
from itertools import accumulate

from benchmark.reports.words import Phrases, later

NARROW = 7  # columns of a table beside another
MARKS = Phrases(  # of fields
    {
        "best": later("best"),
        "among": later("among the best"),
    }
)


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of a table; `mark` is a key of MARKS or "" and `details` are a range and remarks."""

    text: str
    details: tuple[str, ...] = ()
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows under columns; the first field names its row. `groups` are headings over the remaining columns."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Field, ...], ...]
    groups: tuple["Group", ...] = ()
    words: frozenset[int] = frozenset()  # columns of text, aligned left
    wraps: int | None = None  # the column of long text, which may wrap
    title: str = ""  # its own heading, under which it can be folded
    folded: bool = False  # collapsed until opened

    @property
    def broad(self) -> bool:
        """True if paper has no room for another table beside it."""
        return len(self.columns) > NARROW or self.wraps is not None or bool(self.words)

    def column_class(self, index: int) -> str:
        """The CSS classes of a column; a group starts with a rule."""
        starts = set(accumulate((group.span for group in self.groups), initial=1)) if self.groups else set()
        styles = {"words": index in self.words, "wraps": index == self.wraps, "group-start": index in starts}
        return " ".join(style for style, holds in styles.items() if holds)


@dataclass(frozen=True, kw_only=True)
class Group:
    """A heading over `span` columns."""

    title: str
    span: int
    detail: str = ""
