"""A page as HTML and as Markdown."""

from benchmark.reports.page.page import Page, Section
from benchmark.reports.page.table import Table
from benchmark.reports.write.html import render
from benchmark.reports.write.markdown import render as markdown_render


def test_a_titled_table_can_be_folded_in_html_and_is_headed_in_markdown() -> None:
    def page(*, folded: bool) -> Page:
        table = Table(title="copy, L = 16", folded=folded, caption="c", columns=("encoding",), rows=())
        section = Section(id="a", title="A", tables=(table,))
        return Page(title="T", lead="", sections=(section,), colors={}, footer="", data="")

    assert '<details class="card" open><summary>copy, L = 16</summary>' in render(page(folded=False))
    assert '<details class="card"><summary>copy, L = 16</summary>' in render(page(folded=True))
    assert "\n### copy, L = 16\n\n*c*\n" in markdown_render(page(folded=True))
