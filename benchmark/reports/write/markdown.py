"""A page as Markdown, with its figures in files beside it.

Text from records is escaped twice: Jinja2 turns "<" into an entity, and a backslash precedes every character that
Markdown interprets.
"""

import html
import re

import jinja2
from markupsafe import Markup

from benchmark.reports.page.page import Page
from benchmark.reports.page.table import MARKS, Field, Table
from benchmark.reports.words import listed, t
from benchmark.reports.write import templating

READ_BY_MARKDOWN = re.compile(r"([\\`*_\[\]|#~$])")


def render(page: Page) -> str:
    """The whole Markdown text."""
    text = environment().get_template("report.md.j2").render(page=page)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def environment() -> jinja2.Environment:
    """A Jinja2 environment in which every expression comes out as literal Markdown text."""
    found = templating.environment()
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
    """A value escaped so that Markdown shows it literally, on one line; Markup passes unchanged."""
    if isinstance(value, Markup):
        return value
    line = " ".join(str(value).split())
    return Markup(READ_BY_MARKDOWN.sub(r"\\\1", html.escape(line, quote=False)))


def markdown_table(data: Table) -> Markup:
    """A table with its caption; the headings of column groups are joined to those of the columns."""
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
    """A command as an indented block, which nothing inside it can end."""
    return Markup("\n".join(f"    {line}" for line in text.splitlines()))


def anchor(title: str) -> Markup:
    """The anchor of a heading, as GitHub forms it."""
    return Markup(re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-"))


def explained(term: str, meaning: str) -> Markup:
    """A term in bold, followed by its meaning."""
    return Markup(t("{term}: {meaning}", term=f"**{literal(term)}**", meaning=literal(meaning)))


def link(address: str) -> Markup:
    """A URL as a link; `page.descriptions` rejects any that could end it."""
    return Markup(f"<{address}>")


def _named(name: Field) -> Markup:
    """The first field of a row, with its details in brackets."""
    text = literal(name.text)
    if not name.details:
        return text
    return Markup(t("{name} ({remarks})", name=text, remarks=literal(listed(name.details))))


def _field(field: Field) -> str:
    text = literal(field.text)
    text = Markup(f"**{text}**") if field.mark == "best" else text
    parts = [part for part in (*field.details, MARKS.get(field.mark, "")) if part]
    if not parts:
        return text
    remarks = literal(listed(parts))
    return (
        f"{text} {remarks}" if parts[0].startswith("[") else Markup(t("{name} ({remarks})", name=text, remarks=remarks))
    )
