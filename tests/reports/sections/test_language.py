"""Language loss, seen in three ways."""

from benchmark.reports.page.page import Page, Section
from benchmark.reports.tables.values import metric_table
from benchmark.results.store import Store


def section_of(page: Page, name: str) -> Section:
    return next(section for section in page.sections if section.id == name)


def test_language_is_shown_in_three_ways_each_with_its_sentence(page):
    section = next(section for section in page.sections if section.id == "language")
    assert [exhibit.title[:2] for exhibit in section.exhibits] == ["1.", "2.", "3."]
    for exhibit, word in zip(section.exhibits, ("position", "for free", "baseline"), strict=True):
        assert word in exhibit.about
    learned = section.exhibits[2].numbers.rows[-1]  # it ends at L
    assert learned[0].text == "learned"
    assert [cell.text for cell in learned][2:] == ["—"] * 4


def test_a_text_has_its_loss_in_the_unit_that_tokenizers_share(page: Page, example: Store) -> None:
    (table,) = section_of(page, "language").tables
    assert table.title.startswith("Bits per character · corpus")
    (alibi,) = (row for row in table.rows if row[0].text == "alibi")
    frame = metric_table(example)
    own = frame[(frame["metric"] == "bits_per_character") & (frame["encoding"] == "alibi") & (frame["length"] == 64)]
    assert alibi[1].text == f"{own['value'].mean():.2f}"
    assert table.columns[1] == "L = 64"
