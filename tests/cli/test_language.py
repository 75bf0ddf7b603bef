"""Verbs speak the reader's language: Chinese on request or by the locale, aligned; machine formats never change."""

import json
import re

import pytest
from rich.cells import cell_len

from benchmark.cli.terminal.logs import LOG
from benchmark.cli.terminal.options import of_locale
from benchmark.cli.terminal.progress import display, trouble
from benchmark.encodings import CATALOGUE as ENCODINGS
from benchmark.experiments.executor import Event
from benchmark.experiments.plan import make_plan
from benchmark.experiments.request import Request
from benchmark.experiments.rounds import Round
from benchmark.reports.page.descriptions import describe, idea_of
from benchmark.reports.words import said, speaking
from benchmark.tasks import CATALOGUE as TASKS

CHINESE = re.compile(r"[一-鿿]")
# Not a sentence: a command line, an address, a path, an option, a name in backticks, a formula, a file's own words.
NAMES = re.compile(r"`[^`]*`|python -m benchmark[^；。，）\n]*|pip install[^（；。，\n]*|https?://\S+|\S*/\S*|--[\w-]+")
DATA = "compare-rope-alibi.csv"
ENGLISH = re.compile(r"[A-Za-z][a-z]*(?: [a-z]+){3,}")  # four words in a row


def english(text: str) -> list[str]:
    """The runs of four or more English words in a text, without names."""
    return ENGLISH.findall(NAMES.sub("·", text))


@pytest.fixture
def said_in_chinese(invoke):
    """What a verb prints with --lang zh, made sure to be Chinese."""

    def call(*arguments, code: int = 0) -> str:
        result = invoke(*arguments, "--lang", "zh")
        assert result.exit_code == code, result.output
        assert CHINESE.search(result.output)
        assert not english(result.output)
        return result.output

    return call


def test_english_is_found_and_names_are_not():
    assert english("包 a run of words 里") == ["a run of words"]
    assert not english("先运行 python -m benchmark run --encodings rope，见 https://a.b/c d 与 `a b c d e`")


@pytest.mark.parametrize("name", ENCODINGS.names())
def test_an_encoding_has_a_chinese_title_and_idea(name):
    entry = ENCODINGS.entry(name)
    with speaking("zh"):
        assert not english(said(entry.attributes["title"]))
        assert CHINESE.search(said(idea_of(entry))) and not english(said(idea_of(entry)))
        where = describe(name).where
        assert not where or CHINESE.search(said(where))


@pytest.mark.parametrize("name", TASKS.names())
def test_a_task_has_a_chinese_title_and_definition(name):
    attributes = TASKS.entry(name).attributes
    with speaking("zh"):
        assert CHINESE.search(said(attributes["title"])) and CHINESE.search(said(attributes["definition"]))


@pytest.mark.parametrize("what", ["encodings", "tasks", "corpora", "presets", "results"])
def test_lists_are_in_chinese_and_aligned(said_in_chinese, results, what):
    lines = said_in_chinese("list", what, "--results", results).splitlines()
    starts = [[cell_len(line[: cell.start()]) for cell in re.finditer(r"(?:^|(?<=  ))\S", line)] for line in lines]
    assert len(starts[0]) > 5 and all(each == starts[0] for each in starts)


def test_an_empty_folder_is_told_in_chinese(said_in_chinese):
    assert said_in_chinese("list", "results") == "'results' 中还没有结果：先运行 python -m benchmark run\n"


def test_doctor_is_in_chinese(said_in_chinese):
    assert "结果文件夹" in said_in_chinese("doctor")


def test_two_encodings_are_compared_in_chinese_and_their_data_in_english(invoke, said_in_chinese, results, tmp_path):
    output = said_in_chinese("compare", "rope", "alibi", "--results", results, "--out", tmp_path / "zh")
    assert "在多数种子上更好" in output or "尚无定论" in output
    invoke("compare", "rope", "alibi", "--results", results, "--out", tmp_path / "en")
    assert (tmp_path / "zh" / DATA).read_bytes() == (tmp_path / "en" / DATA).read_bytes()


def test_two_folders_are_compared_in_chinese(said_in_chinese, results, leagues):
    said_in_chinese("compare", results, leagues)


def test_status_gives_the_reasons_of_failure_in_chinese(said_in_chinese, results):
    assert "训练损失在第 217 步（共 600 步）成为 nan" in said_in_chinese("status", "--results", results)


def test_a_summary_is_in_chinese(invoke, results, capsys):
    from benchmark.cli.terminal.summary import show_summary
    from benchmark.results.store import Store

    with speaking("zh"):
        show_summary(Store(results))
    output = capsys.readouterr().out
    assert CHINESE.search(output) and not english(output)


def test_a_plan_is_in_chinese_and_its_cells_are_not(invoke, said_in_chinese):
    asked = ("run", "--encodings", "rope,none", "--preset", "smoke", "--dry-run")
    assert "待训练" in said_in_chinese(*asked)
    english_table, chinese = (invoke(*asked, "--format", "csv", "--lang", name).stdout for name in ("en", "zh"))
    assert chinese == english_table


def test_what_a_plan_leaves_out_or_changes_is_told_in_chinese(said_in_chinese):
    """Nothing here is a user's own word: every line of notes is known to the catalogue."""
    said_in_chinese("run", "--encodings", "rope,abacus,bipe", "--tasks", "copy", "--preset", "smoke", "--dry-run")
    said_in_chinese("run", "--encodings", "all", "--tasks", "copy", "--seeds", "auto:6", "--dry-run")
    said_in_chinese("run", "--encodings", "all", "--tasks", "copy", "--seeds", "auto", "--dry-run")


def test_automatic_seeds_are_told_in_chinese(said_in_chinese):
    assert "自动种子" in said_in_chinese("run", "--encodings", "rope,none", "--tune", "learning-rate", "--dry-run")


def test_progress_is_in_chinese_and_its_log_in_english(capsys, caplog):
    (cell,) = make_plan(Request(encodings="rope", tasks="copy", preset="smoke", seeds=(0,))).cells
    with caplog.at_level("INFO", logger=LOG.name), speaking("zh"), display("plain") as show:
        show(Round(number=1, todo=[cell], automatic=False))
        show(Event(kind="resumed", cell=cell, step=10))
        show(Event(kind="progress", cell=cell, step=20, tokens=5000, seconds=1.0))
        show(Event(kind="done", cell=cell, status="failed", reason="the worker died: exit code 3"))
    assert capsys.readouterr().out.splitlines() == [
        "copy · rope · seed 0：从第 10 步（共 30 步）继续",
        "[1/1] copy · rope · seed 0：失败：工作进程中止：退出码 3，5,000 token/秒；还需约 0 秒",
    ]
    assert not CHINESE.search(caplog.text) and "the worker died" in caplog.text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("copy · rope · seed 0: missing", "copy · rope · seed 0：缺失"),
        ("copy · rope · seed 0: failed: ValueError: no", "copy · rope · seed 0：失败：ValueError: no"),
        ("copy · rope · seed 0: 2 of 5 measurements are missing", "copy · rope · seed 0：5 次测量中缺 2 次"),
    ],
)
def test_what_went_wrong_is_told_in_chinese(line, told):
    assert trouble(line) == line
    with speaking("zh"):
        assert trouble(line) == told


@pytest.mark.parametrize(
    ("verb", "code"), [(("choose", "--need", "copy"), 0), (("claims", "T5"), 0), (("tutorial", "--epochs", "1"), 0)]
)
def test_other_verbs_are_in_chinese(said_in_chinese, verb, code):
    said_in_chinese(*verb, code=code)


@pytest.mark.parametrize(
    "verb", [("list", "encodings"), ("list", "tasks"), ("list", "presets"), ("doctor",), ("choose", "--need", "copy")]
)
def test_json_is_the_same_in_every_language(invoke, verb):
    both = [invoke(*verb, "--format", "json", "--lang", name).stdout for name in ("en", "zh")]
    both = [re.sub(r"[\d.]+ GiB free", "", each) for each in both]  # it changes meanwhile
    assert json.loads(both[0]) == json.loads(both[1])


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh-Hans"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LANG": "zha"}, "en"),
        ({"LANG": "fr_FR.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8", "LC_ALL": "zh_TW"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
    ],
)
def test_the_locale_is_read_as_posix_does(monkeypatch, variables, language):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert of_locale() == language


def test_a_verb_follows_the_locale_unless_told_otherwise(invoke, monkeypatch):
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert CHINESE.search(invoke("list", "presets").output)
    assert not CHINESE.search(invoke("list", "presets", "--lang", "en").output)


def test_a_language_ends_with_its_verb(invoke):
    invoke("list", "presets", "--lang", "zh")
    assert not CHINESE.search(invoke("list", "presets").output)
