"""Descriptions of encodings, read from their source text."""

from pathlib import Path

import pytest

from benchmark.encodings import CATALOGUE, rope
from benchmark.reports.page.descriptions import describe


def test_a_description_is_that_of_the_source_text() -> None:
    found = describe("t5")
    assert found is not None
    assert (
        found.idea == "T5: one learned number per head and bucket of distances; exact when near, logarithmic when far."
    )
    first, second, *_ = found.formula.splitlines()
    assert first == "score[i, j] += b[bucket(i - j), h]"
    assert second.startswith("bucket(x) = x   ")
    assert found.where.startswith("with n = `buckets` and m = `max_distance`: ")
    assert found.source == "https://arxiv.org/abs/1910.10683"


@pytest.mark.parametrize("name", CATALOGUE.names())
def test_every_encoding_of_ours_can_be_described(name: str) -> None:
    found = describe(name)
    assert found is not None
    assert found.idea.endswith((".", ":"))
    assert found.source.startswith("https://")
    assert found.formula or name == "none"
    assert "Source:" not in found.formula + found.where and "Convention:" not in found.formula + found.where


def test_parameters_do_not_hide_what_an_encoding_is() -> None:
    assert describe("rope:base=500000") == describe("rope")


def test_what_is_inside_another_is_named() -> None:
    found = describe("randomized:base=alibi")
    assert found is not None and found.around == "alibi"


@pytest.mark.parametrize("label", ["mine", "rope:bass=3", "<script>"])
def test_nothing_is_said_of_what_is_not_installed(label: str) -> None:
    assert describe(label) is None


@pytest.mark.parametrize("label", ["{file}", "../{name}", "randomized:base={file}"])
def test_a_record_cannot_name_a_file_to_be_read(label: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    file = tmp_path / "mine.py"
    file.write_text(Path(rope.__file__).read_text().replace('name = "rope"', 'name = "mine"'))
    assert CATALOGUE.choice(str(file)).label == "mine"
    assert describe(label.format(file=file, name=file.name)) is None
