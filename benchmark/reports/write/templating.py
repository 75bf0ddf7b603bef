"""Jinja2 over our templates, in templates/: what HTML and Markdown have in common. Draws nothing."""

from importlib import resources

import jinja2

from benchmark.reports.page.table import MARKS
from benchmark.reports.words import language, t


def environment() -> jinja2.Environment:
    """A Jinja2 environment that escapes everything and rejects unknown names."""
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("benchmark.reports.write"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"t": t, "language": language, "marks": MARKS}
    return found


def asset(name: str) -> str:
    """The text of a file beside the templates."""
    return (resources.files("benchmark.reports.write") / "templates" / name).read_text(encoding="utf-8")
