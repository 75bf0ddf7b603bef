"""A page as Markdown: rectangular tables, literal text, links to existing figures."""

import re

from benchmark.reports.page.table import Field, Table
from benchmark.reports.write.markdown import markdown_table

COMMAND = "python -m benchmark run --encodings rope,alibi,learned --preset quick"


def test_markdown_finds_its_figures(page_paths):
    text = page_paths.markdown.read_text(encoding="utf-8")
    links = re.findall(r"!\[[^\]]+\]\((figures/[^)]+)\)", text)
    assert len(links) == len(set(links)) == len(page_paths.figures) >= 12
    for link in links:
        content = (page_paths.markdown.parent / link).read_bytes()
        assert content.startswith(b"\x89PNG") if link.endswith(".png") else b"<svg" in content[:2000]


def test_markdown_has_every_section_and_the_command(page_paths, page):
    text = page_paths.markdown.read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert headings == [section.title for section in page.sections]
    assert f"\n    {COMMAND}\n" in text


def test_markdown_tables_are_rectangular():
    table = Table(caption="a|b", columns=("x", "y"), rows=((Field(text="a|b"), Field(text="`c`\nd", mark="best")),))
    rows = str(markdown_table(table)).splitlines()[2:]
    assert rows == ["| x | y |", "| --- | ---: |", r"| a\|b | **\`c\` d** (best) |"]


def test_markdown_sets_what_must_be_known_of_a_name_in_brackets():
    name = Field(text="yarn", details=("on rope, no further training",))
    value = Field(text="0.5", details=("[0.4, 0.6]",), mark="among")
    rows = str(markdown_table(Table(caption="a", columns=("x", "y"), rows=((name, value),)))).splitlines()
    assert rows[-1] == r"| yarn (on rope, no further training) | 0.5 \[0.4, 0.6\], among the best |"
