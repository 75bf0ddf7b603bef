"""`list`: every kind of listing, as a table and as JSON."""

import io
import json
import re
from importlib.metadata import EntryPoint

import pytest
from rich.console import Console

from benchmark import encodings, tasks
from benchmark.cli.terminal import table
from benchmark.cli.verbs import list as verb
from benchmark.cli.verbs.list import LISTS
from benchmark.experiments.presets import PRESETS


def listed(invoke, what, *options):
    result = invoke("list", what, "--format", "json", *options)
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.mark.parametrize(
    ("what", "names"),
    [("encodings", encodings.CATALOGUE.names()), ("tasks", tasks.CATALOGUE.names()), ("presets", list(PRESETS))],
)
def test_every_registered_name_is_listed(invoke, what, names):
    assert [row["name"] for row in listed(invoke, what)] == names
    lines = invoke("list", what).output.splitlines()
    assert [line.split()[0] for line in lines] == ["name", *names]


def test_an_encoding_shows_what_it_claims(invoke):
    rows = {row["name"]: row for row in listed(invoke, "encodings")}
    assert rows["alibi"]["acts"] == "bias"
    assert rows["alibi"]["relative"] is True
    assert rows["learned"]["relative"] is False
    assert rows["learned"]["learned"] != "0"
    assert rows["rope"]["parameters"][0] == "base=10000"
    assert rows["yarn"]["applied"] == "at test time, to rope"
    assert rows["logn"]["applied"] == "at test time, to its base"
    assert rows["abacus"]["applied"] == "in training, where tasks have numbers"
    assert rows["bipe"]["applied"] == "in training, where tasks have segments"
    assert rows["rope"]["source"] == "https://arxiv.org/abs/2104.09864"
    assert {row["applied"] for row in rows.values() if row["name"] in encodings.GROUPS["classic"]} == {"in training"}


def test_an_encoding_shows_what_matters_to_an_engineer(invoke):
    rows = {row["name"]: row for row in listed(invoke, "encodings")}
    shown = ("trained", "checkpoint", "kernel", "kv_bytes", "cached", "more_operations")
    assert {name: tuple(rows[name][key] for key in shown) for name in ("rope", "yarn", "ntk-dynamic")} == {
        "rope": (True, True, "fused", 0, True, 0.0),
        "yarn": (False, True, "fused", 0, True, 0.0),
        "ntk-dynamic": (False, True, "fused", None, False, 0.0),
    }
    taken = {name for name, row in rows.items() if row["checkpoint"]}
    assert taken >= {"rope", "none", "drop", *(name for name, row in rows.items() if "to rope" in row["applied"])}
    assert taken.isdisjoint({"head-scale", "learned", "t5", "fox", "abacus", "bipe"})
    assert rows["alibi"]["kernel"] == "masked"
    assert rows["rerope"]["kernel"] == "parts"
    assert rows["cope"]["kernel"] == "eager"
    assert rows["fox"]["kv_bytes"] == 2 * 4 * 4  # a float32 per head and layer
    assert rows["learned"]["more_operations"] is None  # it ends before 16 L
    assert 0.1 < rows["fire"]["more_operations"] < 1
    assert rows["fox"]["groups"] == ["content", "bias"]
    assert rows["alibi"]["groups"] == ["classic", "bias"]


def test_an_installed_encoding_has_no_measured_facts(invoke, tmp_path, monkeypatch):
    (tmp_path / "tl_mine.py").write_text(
        "from benchmark.encodings.encoding import RelativeBias\n\n\nclass Mine(RelativeBias):\n"
        '    name = "tl-mine"\n    title = "Mine"\n    source = "https://example.org"\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint(name="tl-mine", value="tl_mine:Mine", group="position_encodings")
    monkeypatch.setattr("benchmark.catalogue.registry.entry_points", lambda group: [point])
    mine = {row["name"]: row for row in listed(invoke, "encodings")}["tl-mine"]
    assert (mine["kernel"], mine["kv_bytes"], mine["cached"], mine["more_operations"]) == (None,) * 4
    assert (mine["trained"], mine["checkpoint"], mine["groups"]) == (True, None, ["bias"])


@pytest.mark.parametrize(
    ("width", "last"), [(80, "at 16 L"), (100, "acts on"), (120, "past L"), (140, "groups"), (300, "title")]
)
def test_the_table_of_encodings_fits_a_terminal(width, last, monkeypatch, capsys):
    """Names and headings are whole; on a terminal of 80 or 100 columns, an encoding is one line."""
    screen = io.StringIO()
    monkeypatch.setattr(
        table, "Console", lambda: Console(file=screen, force_terminal=True, width=width, color_system=None)
    )
    rows = [verb.READABLE["encodings"](row) for row in verb.encodings(None)]
    table.show(rows, verb.ENCODING_COLUMNS, spare=verb.SPARE["encodings"])
    _, heading, _, *lines = screen.getvalue().splitlines()
    headings = [cell.strip() for cell in re.split("[┃│]", heading)[1:-1]]
    assert headings == [each for each in verb.ENCODING_COLUMNS.values() if each in headings]  # none is cut
    assert headings[-1] == last
    assert len(heading) <= width
    names = [name for line in lines[:-1] if (name := line[1:].partition("│")[0].strip())]
    assert names == [row["name"] for row in rows]
    if width <= 100:
        assert len(lines) - 1 == len(names)
    assert ("omitted on a terminal" in capsys.readouterr().out) is (width < 280)


def test_a_task_shows_its_metric_and_source(invoke):
    for row in listed(invoke, "tasks"):
        assert row["metric"] in ("token_accuracy", "exact_match", "loss_nats")
        assert row["version"] >= 1
        assert row["definition"]
        assert row["source"].startswith("http")
        assert row["vocabulary"] and row["chance"]


def test_the_table_of_tasks_shortens_what_json_gives_in_full(invoke):
    heading, *lines = invoke("list", "tasks").output.splitlines()
    assert re.split(r" {2,}", heading) == [
        *("name", "group", "definition", "vocabulary", "metric", "chance", "source", "options")
    ]
    copy = next(line for line in lines if line.startswith("copy "))
    assert re.split(r" {2,}", copy)[3:] == [
        *("13", "token accuracy", "(length / 10 + 1) / (length + 1)", "arXiv 2305.19466", "symbols=10")
    ]


def test_a_preset_shows_its_lengths(invoke):
    rows = {row["name"]: row for row in listed(invoke, "presets")}
    assert "corpus 512/1024" in rows["paper"]["train_lengths"]
    assert rows["quick"]["train_lengths"][-1] == "others 20"
    assert rows["paper"]["model"] == "12 layers, width 768, 12 heads"
    assert rows["quick"]["multiples"] == [1, 2, 4, 8, 16]


def test_corpora_are_counted(invoke):
    rows = {row["name"]: row for row in listed(invoke, "corpora")}
    assert 5000 < rows["shuihu"]["characters"] < 20000
    assert rows["shuihu"]["types"] < rows["shuihu"]["words"] < rows["shuihu"]["characters"]
    assert rows["shuihu"]["unknown_rate"].endswith("%")
    assert {name: row["license"] for name, row in rows.items()} == {"sanguo": "public domain", "shuihu": "Apache-2.0"}


def test_a_text_is_shown_as_each_tokenizer_cuts_it(invoke, tmp_path):
    text = "\u3000\u3000却说董卓大怒，便与众人商议，次日起兵。\n\n"
    (tmp_path / "mine.txt").write_text(text * 30, "utf-8")
    rows = {row["tokenizer"]: row for row in listed(invoke, "corpora", "--corpus", "mine.txt")}
    assert list(rows) == ["jieba", "char", "whitespace"]
    assert {row["name"] for row in rows.values()} == {"mine.txt"}
    assert rows["char"]["characters_per_token"] == 1
    assert rows["jieba"]["words"] < rows["char"]["words"] == rows["char"]["characters"]
    assert rows["whitespace"]["words"] < rows["jieba"]["words"]
    assert {name: row["notes"] for name, row in rows.items()} == {
        "jieba": ["60 full-width spaces normalised", "the default"],
        "char": ["60 full-width spaces normalised"],
        "whitespace": ["60 full-width spaces normalised"],
    }
    assert "60 full-width spaces" in invoke("list", "corpora", "--corpus", "mine.txt").output


def test_the_corpus_option_is_only_for_corpora(invoke):
    result = invoke("list", "tasks", "--corpus", "shuihu")
    assert result.exit_code == 2
    assert result.stderr == "error: --corpus is 'shuihu', but only applies to: list corpora\n"


def test_results_show_what_was_evaluated(invoke, results):
    rows = listed(invoke, "results", "--results", results)
    assert len(rows) == 4 * 3 * 3
    rope = next(row for row in rows if (row["task"], row["encoding"], row["seed"]) == ("copy", "rope", 0))
    assert rope["lengths"] == [16, 32, 64, 128, 256]
    learned = next(row for row in rows if (row["task"], row["encoding"], row["seed"]) == ("copy", "learned", 0))
    assert learned["lengths"] == [16]
    diverged = [(row["task"], row["encoding"], row["seed"]) for row in rows if row["status"] == "diverged"]
    assert diverged == [("copy", "alibi", 1)]


def test_results_tell_settings_apart(invoke, records, tmp_path):
    for setting in ({"steps": 1200}, {"width": 32}, {"learning_rate": 9e-3}, {}):
        records.write_values(tmp_path / "ladder", "copy", {"rope": {1: [0.5]}}, **setting)
    rows = listed(invoke, "results", "--results", tmp_path / "ladder")
    assert [(row["steps"], row["width"], row["learning_rate"]) for row in rows] == [
        *((600, 32, 0.003), (600, 64, 0.003), (600, 64, 0.009), (1200, 64, 0.003))
    ]


def test_results_show_what_adapted_a_model(invoke, leagues):
    rows = {row["encoding"]: row for row in listed(invoke, "results", "--results", leagues)}
    assert rows["rope"]["measured"] == ["pi", "rope"]
    assert rows["digits"]["measured"] == ["digits"]


def test_no_results_yet_says_how_to_make_some(invoke):
    assert invoke("list", "results").output == "no results in 'results' yet: python -m benchmark run\n"
    assert listed(invoke, "results") == []


@pytest.mark.parametrize("what", LISTS)
def test_columns_have_distinct_headings(what):
    headings = list(LISTS[what][1].values())
    assert len(set(headings)) == len(headings)
