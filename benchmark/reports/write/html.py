"""A page as one HTML file that opens from disk without a network: styles, scripts and pictures are inside it.

What few readers need at once stands packed in the page (gzip, base64), and its scripts unpack it when it is asked for:
plotly when a figure comes into view, the numbers behind the figures when somebody takes them away.
"""

import base64
import gzip
import json
from collections.abc import Iterator
from functools import cache
from importlib import resources

import jinja2
from markupsafe import Markup

from benchmark.reports.draw.interactive import embed
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.page import Page
from benchmark.reports.page.table import MARKS
from benchmark.reports.words import language, t
from benchmark.reports.write.webfont import font_face

PLOTLY_HERE = "plotly is put here"
SCRIPTS = ("embedded", "files", "tables", "copies", "curves", "figures", "links", "printing")


def render(page: Page) -> str:
    """The whole HTML text. Everything that comes from records is escaped by Jinja2; what is ours is marked as safe."""
    figures = {f"{exhibit.id}-plot": exhibit.interactive for exhibit in _exhibits(page) if exhibit.interactive}
    data = {exhibit.id: vars(exhibit.data) for exhibit in _exhibits(page) if exhibit.data}
    text = (
        page_environment()
        .get_template("index.html.j2")
        .render(
            page=page,
            css=Markup(asset("report.css")),
            script=Markup("".join(asset(f"{name}.js") for name in SCRIPTS)),
            words=Markup(embed(words())),
            figures=Markup(embed(figures)),
            data=Markup(packed(json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")))),
            plotly=PLOTLY_HERE if figures else "",
        )
    )
    # Last, for the font is made of the text, and a template engine need not carry two million characters of script.
    text = text.replace("<style>", f"<style>\n{font_face(text)}", 1)
    return text.replace(PLOTLY_HERE, _plotly(), 1) if figures else text


def words() -> dict[str, str]:
    """What the scripts of the page say; they fill the fields themselves."""
    return {
        "filter": t("Filter the rows"),
        "shown": t("{shown} of {all} rows", shown="{shown}", all="{all}"),
        "take table": t("Download as CSV"),
        "take figure": t("Download the numbers of this figure as CSV"),
        "markdown": t("Copy as Markdown"),
        "latex": t("Copy as LaTeX"),
        "copied markdown": t("Copied as Markdown: {rows} rows", rows="{rows}"),
        "copied latex": t("Copied as LaTeX: {rows} rows", rows="{rows}"),
        "refused": t("The browser does not let this page copy. Download the table instead."),
        "saved": t("Saved as {file}", file="{file}"),
        "legend": t("Curves: press to hide or show one, point at it to bring it forward"),
        "which": t("Which curves are shown"),
        "few": t("Classic, reference and best"),
        "every": t("All {n}", n="{n}"),
    }


def page_environment() -> jinja2.Environment:
    """Jinja2 over our templates: escapes everything, and an unknown name is an error."""
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
    """A file beside the templates."""
    return (resources.files("benchmark.reports.write") / "templates" / name).read_text(encoding="utf-8")


def packed(text: str) -> str:
    """A text as gzip in base64, which a page unpacks by itself; the same text gives the same characters."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


@cache
def _plotly() -> str:
    """Plotly's own JavaScript (MIT licence, which stands in it), packed, from the installed package."""
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

    return packed(str(get_plotlyjs()))


def _exhibits(page: Page) -> Iterator[Exhibit]:
    return (exhibit for section in page.sections for exhibit in section.exhibits)
