"""A page as one HTML file that opens from disk without a network: styles, script and pictures are inside it."""

from collections.abc import Iterator
from importlib import resources

import jinja2
from markupsafe import Markup

from benchmark.reports import interactive
from benchmark.reports.parts import MARKS, Exhibit, Page
from benchmark.reports.webfont import font_face
from benchmark.reports.words import language, t

PLOTLY_HERE = '<script src="plotly.js"></script>'


def render(page: Page) -> str:
    """The whole HTML text. Everything that comes from records is escaped by Jinja2; what is ours is marked as safe."""
    figures = {f"{exhibit.id}-plot": exhibit.interactive for exhibit in _exhibits(page) if exhibit.interactive}
    text = (
        environment()
        .get_template("index.html.j2")
        .render(
            page=page,
            css=Markup(asset("report.css")),
            script=Markup(asset("report.js")),
            figures=Markup(interactive.embed(figures)) if figures else "",
        )
    )
    # Last, for the font is made of the text, and a template engine need not carry five million characters of script.
    text = text.replace("<style>", f"<style>\n{font_face(text)}", 1)
    return text.replace(PLOTLY_HERE, f"<script>{_plotly()}</script>", 1) if figures else text


def environment() -> jinja2.Environment:
    """Jinja2 over our templates: escapes everything, and an unknown name is an error."""
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("benchmark.reports"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {"t": t, "language": language, "marks": MARKS}
    return found


def asset(name: str) -> str:
    """A file beside the templates."""
    return (resources.files("benchmark.reports") / "templates" / name).read_text(encoding="utf-8")


def _plotly() -> str:
    """Plotly's own JavaScript, from the installed package."""
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

    return str(get_plotlyjs())


def _exhibits(page: Page) -> Iterator[Exhibit]:
    return (exhibit for section in page.sections for exhibit in section.exhibits)
