"""A page as one HTML file that opens from disk without a network: styles, scripts and pictures are inside it.

Large parts that few readers need at once are packed (gzip, base64) and unpacked on demand by the page's scripts: plotly
when a figure comes into view, the numbers behind the figures when a reader downloads them.
"""

import base64
import gzip
import json
from collections.abc import Iterator, Mapping
from functools import cache

from markupsafe import Markup

from benchmark.reports.draw.style import variables
from benchmark.reports.page.exhibit import Exhibit, PlotlyFigure
from benchmark.reports.page.page import Page
from benchmark.reports.words import t
from benchmark.reports.write.templating import asset, environment
from benchmark.reports.write.webfont import font_face

PLOTLY_HERE = "plotly goes here"
SCRIPTS = ("embedded", "files", "tables", "copies", "curves", "figures", "links", "printing")


def render(page: Page) -> str:
    """The whole HTML text. Jinja2 escapes everything that comes from records; our own parts are marked as safe."""
    figures = {f"{exhibit.id}-plot": exhibit.interactive for exhibit in _exhibits(page) if exhibit.interactive}
    data = {exhibit.id: vars(exhibit.data) for exhibit in _exhibits(page) if exhibit.data}
    text = (
        environment()
        .get_template("index.html.j2")
        .render(
            page=page,
            css=Markup(f"{theme()}{asset('report.css')}"),
            script=Markup("".join(asset(f"{name}.js") for name in SCRIPTS)),
            words=Markup(embed(words())),
            figures=Markup(embed(figures)),
            data=Markup(packed(json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":")))),
            plotly=PLOTLY_HERE if figures else "",
        )
    )
    # Last: the font depends on the text, and the template engine need not carry two million characters of script.
    text = text.replace("<style>", f"<style>\n{font_face(text)}", 1)
    return text.replace(PLOTLY_HERE, _plotly(), 1) if figures else text


def theme() -> str:
    """The colours of the page and its figures, light and dark, as a style sheet."""
    dark = f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {variables(dark=True)} }} }}"
    return f":root {{ {variables()} }}\n{dark}\n"


def words() -> dict[str, str]:
    """What the page's scripts say; they fill in the fields themselves."""
    return {
        "filter": t("Filter the rows"),
        "shown": t("{shown} of {all} rows", shown="{shown}", all="{all}"),
        "take table": t("Download as CSV"),
        "take figure": t("Download the numbers of this figure as CSV"),
        "markdown": t("Copy as Markdown"),
        "latex": t("Copy as LaTeX"),
        "copied markdown": t("Copied as Markdown: {rows} rows", rows="{rows}"),
        "copied latex": t("Copied as LaTeX: {rows} rows", rows="{rows}"),
        "refused": t("The browser does not allow this page to copy. Download the table instead."),
        "saved": t("Saved as {file}", file="{file}"),
        "legend": t("Curves: press a name to hide or show its curve, point at it to highlight the curve"),
        "which": t("Curves shown"),
        "few": t("Classic, reference and best"),
        "every": t("All {n}", n="{n}"),
    }


def embed(content: Mapping[str, PlotlyFigure | str]) -> str:
    """Figures or words as JSON that is safe inside a script element: no "<" can end it."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def packed(text: str) -> str:
    """A text as gzip in base64, which the page can unpack; the same text gives the same characters."""
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


@cache
def _plotly() -> str:
    """Plotly's JavaScript (with its MIT licence), packed, from the installed package."""
    from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

    return packed(str(get_plotlyjs()))


def _exhibits(page: Page) -> Iterator[Exhibit]:
    return (exhibit for section in page.sections for exhibit in section.exhibits)
