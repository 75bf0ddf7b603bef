"""A page as Markdown, with its figures in files beside it.

Text from records is escaped twice over: Jinja2 turns "<" into an entity, and characters that Markdown reads are
preceded by a backslash.
"""

import re

import jinja2
from markupsafe import Markup, escape

from benchmark.reports.page.page import Page
from benchmark.reports.page.table import MARKS, Field, Table
from benchmark.reports.words import listed, t
from benchmark.reports.write.html import page_environment

READ_BY_MARKDOWN = re.compile(r"([\\`*_\[\]|#~$])")


def render(page: Page) -> str:
    """The whole Markdown text."""
    text = environment().get_template("report.md.j2").render(page=page)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def environment() -> jinja2.Environment:
    """Jinja2 whose every expression comes out as literal Markdown text."""
    found = page_environment()
    found.finalize = literal
    found.filters |= {
        "table": markdown_table,
        "code_block": code_block,
        "anchor": anchor,
        "explained": explained,
        "link": link,
    }
    return found


def literal(value: object) -> Markup:
    """A value as Markdown shows it literally, in one line; what is Markdown already stays as it is."""
    if isinstance(value, Markup):
        return value
    line = " ".join(str(value).split())
    return Markup(READ_BY_MARKDOWN.sub(r"\\\1", str(escape(line))).replace("&\\#", "&#"))


def markdown_table(data: Table) -> Markup:
    """A table; headings of column groups are joined to the columns' own."""
    groups = [""] * (len(data.columns) - sum(group.span for group in data.groups))
    groups += [group.title for group in data.groups for _ in range(group.span)]
    heads = [
        t("{group}: {column}", group=group, column=column) if group else column
        for group, column in zip(groups, data.columns, strict=True)
    ]
    rule = ["---" if index == 0 or index in data.words else "---:" for index in range(len(heads))]
    rows = [[_named(name), *map(_field, fields)] for name, *fields in data.rows]
    lines: list[list[str]] = [[literal(head) for head in heads], rule, *rows]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return Markup(f"*{literal(data.caption)}*\n\n{body}")


def code_block(text: str) -> Markup:
    """A command as an indented block: nothing inside it can end it."""
    return Markup("\n".join(f"    {line}" for line in text.splitlines()))


def anchor(title: str) -> Markup:
    """The link to a heading, as GitHub makes it."""
    return Markup(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"))


def explained(term: str, meaning: str) -> Markup:
    """A term in bold, and what it means."""
    return Markup(t("{term}: {meaning}", term=f"**{literal(term)}**", meaning=literal(meaning)))


def link(address: str) -> Markup:
    """An address that can be followed; `described` lets none through that could end it."""
    return Markup(f"<{address}>")


def _named(cell: Field) -> Markup:
    """The first field of a row; what must be known of it stands in brackets, on the same line."""
    text = literal(cell.text)
    if not cell.details:
        return text
    return Markup(t("{name} ({remarks})", name=text, remarks=literal(listed(cell.details))))


def _field(cell: Field) -> str:
    text = literal(cell.text)
    text = Markup(f"**{text}**") if cell.mark == "best" else text
    remarks = listed(part for part in (*cell.details, MARKS.get(cell.mark, "")) if part)
    return f"{text} {literal(remarks)}".strip()
