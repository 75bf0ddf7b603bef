"""A report speaks its reader's language: every message is translated, with the same fields, and none is left over."""

import importlib.util
import string
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from benchmark.errors import UsageError
from benchmark.reports.draw.fonts import drawable
from benchmark.reports.words import LANGUAGES, Phrases, joined, language, later, listed, sentences, speaking, t


@pytest.fixture(scope="module")
def translations() -> ModuleType:
    spec = importlib.util.spec_from_file_location("translations", Path(__file__).with_name("translations.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def fields(message: str) -> list[tuple[str, str | None]]:
    """The fields of a message with how each is written, in the order of their names."""
    return sorted((name, form) for _, name, form, _ in string.Formatter().parse(message) if name is not None)


def test_every_message_is_translated_and_none_is_left_over(translations):
    found = translations.messages()
    assert len(found) > 10
    for path in translations.catalogues().values():
        known = translations.translations(translations.read(path))
        lacking = [message for message in found if not known.get(message)]
        assert not lacking, "translate these; how, says CONTRIBUTING.md, Translate a report"
        assert set(known) == set(found)


def test_a_translation_has_the_fields_of_its_message(translations):
    for path in translations.catalogues().values():
        for message, said in translations.translations(translations.read(path)).items():
            assert not said or set(fields(said)) == set(fields(message)), message


def test_every_character_of_a_translation_can_be_drawn(translations):
    for path in translations.catalogues().values():
        for said in translations.translations(translations.read(path)).values():
            assert drawable(said) == said


def test_a_catalogue_is_as_its_script_writes_it(translations, tmp_path):
    for path in translations.catalogues().values():
        copy = tmp_path / path.name
        copy.write_bytes(path.read_bytes())
        translations.update(copy)
        assert copy.read_text("utf-8") == path.read_text("utf-8")


def test_a_message_that_is_not_a_literal_is_found(translations):
    assert list(translations.in_python('t("one " "whole {n}", n=1), later("constant"), other("no")')) == [
        "one whole {n}",
        "constant",
    ]
    with pytest.raises(ValueError, match="not a literal: t\\(message\\)"):
        list(translations.in_python("t(message)"))


def test_a_sentence_is_said_in_the_language_of_its_context():
    assert t("{n} seeds", n=3) == "3 seeds"
    with speaking("zh"):
        assert t("{n} seeds", n=3) == "3 个随机种子"
        assert language().tag == "zh-CN"
        with speaking("en"):
            assert t("{n} seeds", n=3) == "3 seeds"
        assert t("{n} seeds", n=3) == "3 个随机种子"
    assert language() is LANGUAGES["en"]


def test_what_is_not_translated_is_said_in_english():
    with speaking("zh"):
        assert t("no catalogue has {what}", what="this") == "no catalogue has this"


def test_constants_are_said_when_they_are_looked_up():
    phrases = Phrases({"s": later("no seeds")})
    assert dict(phrases) == {"s": "no seeds"} and len(phrases) == 1
    with speaking("zh"):
        assert phrases["s"] == "没有随机种子"
        assert phrases.get("other", "other") == "other"


def test_lists_and_paragraphs_are_written_as_the_language_does():
    assert listed([0, 1, 2]) == "0, 1, 2"
    assert joined(["rope"]) == "rope"
    assert joined(["rope", "alibi", "none"]) == "rope, alibi and none"
    assert sentences("One.", "", "Two.") == "One. Two."
    with speaking("zh"):
        assert listed([0, 1, 2]) == "0、1、2"
        assert joined(["rope", "alibi", "none"]) == "rope、alibi 和 none"
        assert sentences("一。", "二。") == "一。二。"


def test_a_language_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(UsageError, match=r"'fr'.*en, zh"), speaking("fr"):
        pass


def test_english_needs_no_library_for_translation():
    code = "import sys; from benchmark.reports.words import t; t('{n}', n=1); sys.exit('babel' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
