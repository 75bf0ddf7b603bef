"""Language loss, seen in four ways."""

from benchmark.reports.page.page import Page, Section
from benchmark.reports.tables.values import metric_table
from benchmark.results.store import Store
from benchmark.tasks.language import FAR, GAIN

LENGTHS = (64, 128, 256, 512, 1024)


def section_of(page: Page, name: str) -> Section:
    return next(section for section in page.sections if section.id == name)


def test_language_is_shown_in_four_ways_each_with_its_sentence(page):
    section = next(section for section in page.sections if section.id == "language")
    assert [exhibit.title[:2] for exhibit in section.exhibits] == ["1.", "2.", "3.", "4."]
    for exhibit, word in zip(section.exhibits, ("position", "for free", "baseline", "counts of words"), strict=True):
        assert word in exhibit.about
    learned = section.exhibits[2].numbers.rows[-1]  # it ends at L
    assert learned[0].text == "learned"
    assert [cell.text for cell in learned][2:] == ["—"] * 4


def test_far_context_targets_stand_beside_all_targets(page: Page, example: Store) -> None:
    far = section_of(page, "language").exhibits[3]
    frame = metric_table(example)
    frame = frame[(frame["task"] == "corpus") & (frame["encoding"] == "alibi")]
    own, plain = (frame[frame["metric"] == name] for name in ("far_loss_nats", "loss_nats"))
    (chosen,), (every,) = set(own["scored"]), set(plain["scored"])
    assert 0 < chosen < every and f"{chosen:,} of {every:,} targets ({chosen / every:.0%})" in far.about
    assert f"{FAR} L tokens" in far.about and GAIN == 1.0  # "at least e times as likely"
    (alibi,) = (row for row in far.numbers.rows if row[0].text == "alibi")
    values = [f"{table[table['length'] == length]['value'].mean():.2f}" for table in (own, plain) for length in LENGTHS]
    assert [field.text for field in alibi[1:]] == values
    assert [group.span for group in far.numbers.groups] == [len(LENGTHS)] * 2


def test_a_text_has_its_loss_in_the_unit_that_tokenizers_share(page: Page, example: Store) -> None:
    (table,) = section_of(page, "language").tables
    assert table.title.startswith("Bits per character · corpus")
    (alibi,) = (row for row in table.rows if row[0].text == "alibi")
    frame = metric_table(example)
    own = frame[(frame["metric"] == "bits_per_character") & (frame["encoding"] == "alibi") & (frame["length"] == 64)]
    assert alibi[1].text == f"{own['value'].mean():.2f}"
    assert table.columns[1] == "L = 64"
