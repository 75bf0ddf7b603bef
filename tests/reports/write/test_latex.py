"""The LaTeX table: what LaTeX would read as a command is escaped, and Chinese names say what they need."""

import re
import string
from types import SimpleNamespace

import pytest

from benchmark.reports.write import latex


def table(*tasks: str) -> str:
    value = SimpleNamespace(estimate=SimpleNamespace(value=0.5, low=0.25, high=0.75), status=None, mark="")
    rows = [
        SimpleNamespace(
            task=task,
            metric="token_accuracy",
            encoding="rope",
            trained_with="rope",
            league="",
            train_length=16,
            longest=64,
            at_trained=value,
            at_longest=value,
        )
        for task in tasks
    ]
    return latex.render(SimpleNamespace(summary=rows))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latex, "qualified", lambda trained_with, encoding, league: encoding)
    monkeypatch.setattr(latex, "spell", lambda *_: "0.50")


@pytest.mark.parametrize("name", ["红楼梦", "corpus (紅樓夢)", "１６", "ひらがな", "한국어", "rope，alibi"])
def test_a_chinese_name_says_xelatex_and_ctex(name: str) -> None:
    first, *rest = table("copy", name).splitlines()
    assert first.startswith("% ") and "xelatex" in first and r"\usepackage{ctex}" in first
    assert any(line.startswith(name) for line in rest)


@pytest.mark.parametrize("name", ["copy", "corpus (sanguo)", "naïve", "copy × 2 · 3"])
def test_other_names_do_not(name: str) -> None:
    assert "xelatex" not in table(name)


@pytest.mark.parametrize("letter", string.punctuation)
def test_no_mark_is_a_command(letter: str) -> None:
    """What is left after removing the escapes has no character that LaTeX does not set as it is."""
    written = latex.escaped(f"a{letter}b")
    assert written.startswith("a") and written.endswith("b")
    assert not set(re.sub(r"\\([&%$#_{}]|text[a-z]+\{\})", "", written)) & set(r"\\&%$#_{}~^<>|")
    (row,) = (line for line in table(f"a{letter}b").splitlines() if line.startswith("a"))
    assert len(re.findall(r"(?<!\\)&", row)) == 4
