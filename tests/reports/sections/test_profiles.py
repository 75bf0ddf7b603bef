"""Encodings one by one: what the report says about each, with nothing in the page twice."""

import pytest

from benchmark.reports.page.page import Page, Profile
from benchmark.reports.write.report import build, write
from benchmark.results.store import Store


def profiles(page: Page) -> dict[str, Profile]:
    (section,) = (section for section in page.sections if section.id == "encodings")
    return {profile.name: profile for profile in section.profiles}


@pytest.fixture(scope="module")
def adapted(records, tmp_path_factory) -> Page:
    """rope with eight seeds, what adapts it, and one that is not installed."""
    store = Store(tmp_path_factory.mktemp("adapted"))
    for seed in range(8):
        for encoding in ("rope", "alibi", "mine"):
            records.write_cell(store, "copy", encoding, seed, (1, 16))
        trained = records.train_record("copy", "rope", seed)
        record = records.eval_record(trained, 256, encoding="pi")
        store.put(record, records.synthetic_arrays("copy", "pi", seed, 256))
    return build(store)


def test_there_is_one_for_every_encoding(page):
    found = profiles(page)
    assert {name: profile.id for name, profile in found.items()} == {
        "alibi": "encoding-alibi",
        "learned": "encoding-learned",
        "rope": "encoding-rope",
    }
    assert "slope[h]" in found["alibi"].formula
    assert found["alibi"].source == "https://arxiv.org/abs/2108.12409"


def test_it_has_a_row_a_task_with_values_reach_and_cost(page):
    table = profiles(page)["rope"].table
    assert [row[0].text for row in table.rows] == ["copy", "corpus", "offset-recall", "recall-mqar"]
    assert all(len(row) == len(table.columns) for row in table.rows)
    corpus = dict(zip(table.columns, table.rows[1], strict=True))
    assert corpus["L"].details[0] == "L = 64" and corpus["longest"].details[0] == "16L = 1024"
    assert corpus["parameters"].text == "361,984" and corpus["tokens/s"].details[0].startswith("[")


def test_the_sentence_is_that_of_the_one_rule(adapted):
    found = profiles(adapted)
    assert found["rope"].lines == ("It is the reference that the others are compared with.",)
    (line,) = found["alibi"].lines
    assert line.startswith("Does better than rope on most seeds at the longest length: copy by +0.")
    assert line.endswith("(better on 8 of 8 seeds).")


def test_what_few_seeds_cannot_show_is_not_said(page):
    for name in ("alibi", "learned"):
        said = " ".join(profiles(page)[name].lines)
        assert "on most seeds" not in said and "etter than" not in said and "orse than" not in said
    assert "Against rope, not decided at the longest length: " in " ".join(profiles(page)["alibi"].lines)
    assert "copy (ends at L)" in " ".join(profiles(page)["learned"].lines)


def test_an_adapted_one_says_what_it_was_trained_with(adapted):
    profile = profiles(adapted)["pi"]
    assert any("models trained with rope" in line for line in profile.lines)
    assert profile.table.rows[0][0].details == ("on rope",)
    assert profile.table.rows[0][6].text == "361,984"  # of the model that it was applied to


def test_one_that_is_not_installed_says_so(adapted):
    profile = profiles(adapted)["mine"]
    assert profile.formula == profile.source == ""
    assert profile.lines[0] == "It is not installed here, so its formula and source cannot be shown."


def test_every_figure_is_in_the_page_once(page, page_paths):
    text = page_paths.html.read_text(encoding="utf-8")
    for profile in profiles(page).values():
        assert text.count(profile.exhibit.picture.decode()) == 1
        assert text.count(f'id="{profile.id}"') == 1
        assert all(f'id="{place}"' in text for _, place, _ in profile.links)
    for exhibit in next(section.exhibits for section in page.sections if section.id == "attention"):
        assert text.count(exhibit.data_uri) == 1


def test_markdown_has_them_too(page, page_paths):
    text = page_paths.markdown.read_text(encoding="utf-8")
    folder = page_paths.markdown.parent
    for profile in profiles(page).values():
        assert f"(figures/{profile.exhibit.file})" in text
        assert (folder / "figures" / profile.exhibit.file).read_bytes() == profile.exhibit.picture
        assert f"<{profile.source}>" in text
    assert "    score[i, j] += -slope[h] * |i - j|,   slope[h] = 2 ** (-8h / H),   h = 1 .. H" in text


def test_names_that_are_markup_show_as_text(records, tmp_path):
    store = Store(tmp_path / "r")
    for encoding in ("rope", "<b>&\"'"):
        records.write_cell(store, "copy", encoding, 0, (1, 2))
    page = build(store)
    text = write(page, tmp_path / "out").html.read_text(encoding="utf-8")
    assert "<b>&" not in text
    assert profiles(page)["<b>&\"'"].id == "encoding-b"
