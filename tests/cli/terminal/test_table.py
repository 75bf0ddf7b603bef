"""Tables: aligned in a pipe whatever the script, and names never taken for markup."""

import io
import json

from rich.cells import cell_len
from rich.console import Console

from benchmark.cli.terminal import table


def test_columns_line_up_under_chinese_words():
    lines = table.plain(["word", "n"], [["三国演义", "1"], ["a", "22"]]).splitlines()
    assert lines == ["word      n", "三国演义  1", "a         22"]
    assert {cell_len(line[: line.rindex(" ") + 1]) for line in lines} == {10}


def test_values_are_readable():
    assert [table.text(value) for value in (None, "", True, False, [1, 2], [], 0, 1.5)] == [
        "—",
        "—",
        "yes",
        "no",
        "1, 2",
        "—",
        "0",
        "1.5",
    ]


def test_json_keeps_values_and_only_the_columns(capsys):
    table.show([{"a": 1, "b": None, "c": "三"}], {"a": "A", "b": "B"}, "json")
    assert json.loads(capsys.readouterr().out) == [{"a": 1, "b": None}]


def test_a_terminal_gets_a_drawn_table_without_markup(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(table, "Console", lambda: Console(file=screen, force_terminal=True, width=60))
    table.show([{"a": "[red]x[/red]"}], {"a": "A"})
    assert "[red]x[/red]" in screen.getvalue()
    assert "━" in screen.getvalue()


def test_a_narrow_terminal_omits_columns_and_says_so(monkeypatch, capsys):
    for width, spared in ((100, True), (160, False)):
        screen = io.StringIO()
        monkeypatch.setattr(
            table, "Console", lambda screen=screen, width=width: Console(file=screen, force_terminal=True, width=width)
        )
        table.show([{"a": "x", "b": "y"}], {"a": "first", "b": "last"}, spare={"b": 140})
        assert "first" in screen.getvalue()
        assert ("last" in screen.getvalue()) is not spared
        assert ("of 100 columns: last;" in capsys.readouterr().out) is spared


def test_a_pipe_gets_every_column(capsys):
    table.show([{"a": "x", "b": "y"}], {"a": "first", "b": "last"}, spare={"b": 140})
    assert capsys.readouterr().out == "first  last\nx      y\n"


def test_single_words_are_never_broken(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(table, "Console", lambda: Console(file=screen, force_terminal=True, width=40))
    table.show([{"a": "cycle-navigation", "b": "where on a circle of five places a walk ends"}], {"a": "A", "b": "B"})
    assert "cycle-navigation" in screen.getvalue()
