"""Tables: aligned in a pipe whatever the script, and names never taken for markup."""

import io
import json

from rich.cells import cell_len
from rich.console import Console

from benchmark.cli import table


def test_columns_line_up_under_chinese_words():
    lines = table.plain(["word", "n"], [["三国演义", "1"], ["a", "22"]]).splitlines()
    assert lines == ["word      n", "三国演义  1", "a         22"]
    assert {cell_len(line[: line.rindex(" ") + 1]) for line in lines} == {10}


def test_values_are_spelled_for_people():
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
