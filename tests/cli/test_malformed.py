"""Five hundred malformed command lines and files: each ends in one clear line and exit code 2, none in a traceback.

Every tenth is in the fast set, all are `slow`. Malformed calls from Python: `tests/experiments/test_python_calls.py`.
"""

import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.catalogue import Catalogue
from benchmark.cli import VERBS, command_of, main
from benchmark.cli.terminal.options import CHANGES
from benchmark.encodings import CATALOGUE as ENCODINGS
from benchmark.errors import UsageError
from benchmark.experiments.request import MAX_MULTIPLE, MAX_SEEDS, Auto, parse_multiples, parse_seeds
from benchmark.tasks import CATALOGUE as TASKS

Case = list[str]

NUMBERS = ["-1", "-99999999999999999999", "nan", "-inf", "1e999", "x", "", " ", "1,5", "0x10", "1 2", "--", "½", "\x00"]
HUGE = ["9" * 30, "1" + "0" * 400, "9" * 5000]
LISTS = [
    "",
    ",",
    ",,",
    "1,,2",
    ",1",
    "-1",
    "1,-1",
    "1;2",
    "1.5",
    "nan",
    "1,nan",
    "inf",
    "1e3",
    "one",
    "1,two",
    "0x1",
    *HUGE,
]
MALFORMED = [
    "",
    ",",
    "0",
    "-1",
    "nan",
    "inf",
    "1e999",
    "x",
    "½",
    "1,,2",
    "1,1",
    "copy=",
    "=1",
    "copy=0",
    "copy=1,copy=1",
]
MALFORMED += ["nothing=1", "1 2", "\x00", "{}", *HUGE]
VALUES = ["", "x", "nan", "inf", "-inf", "1e999", "1,000", "--1", "0x10", "½", "1" + "0" * 5000]
ITEMS = [
    "",
    ",",
    ",,",
    "{0},",
    ",{0}",
    "{0},,{0}",
    " ",
    "{0}:",
    "{0}::",
    "{0}:=1",
    "{0}:nothing=1",
    "{0}:nothing",
    ":",
    "=1",
]
ITEMS += [
    "no-such-name",
    "{0}x",
    "x{0}",
    "{0} {0}",
    "{0};{0}",
    "{0}|{0}",
    "no/such/file.py",
    "/",
    "\\",
    ".py",
    "{0}.py",
    ".",
]
ITEMS += ["*", "🙂", "\x00", "\x1b[31m", "'", '"', "$(ls)", "a" * 5000, "../../etc/passwd"]
NAMES = ["", "x", "nothing", "CPU ", "0", "auto,cpu", "\x00"]

PLUGIN = """
from benchmark.encodings.encoding import Encoding
class Mine(Encoding):
    name = "mine"
    title = "Mine"
    source = "https://example.org"
    acts = "nothing"
    past = "defined"
"""
PLUGINS: dict[str, bytes] = {
    "empty": b"",
    "no-class": b"x = 1\n",
    "syntax": b"class Mine(Encoding:\n",
    "nul": b"x = 1\x00\n",
    "binary": bytes(range(256)),
    "bad-utf8": b"# \xff\xfe\nclass Mine(Encoding): pass\n",
    "two": (PLUGIN + PLUGIN.replace("Mine", "Other").replace('"mine"', '"other"')).encode(),
    "no-name": PLUGIN.replace('    name = "mine"\n', "").encode(),
    "computed-name": PLUGIN.replace('"mine"', '"m" + str(1)').encode(),
    "bad-name": PLUGIN.replace('"mine"', '"My Encoding!"').encode(),
    "path-name": PLUGIN.replace('"mine"', '"../mine"').encode(),
    "taken": PLUGIN.replace('"mine"', '"rope"').encode(),
    "no-title": PLUGIN.replace('    title = "Mine"\n', "").encode(),
    "no-source": PLUGIN.replace('    source = "https://example.org"\n', "").encode(),
    "no-default": (PLUGIN + "    def __init__(self, shape, *, base): pass\n").encode(),
    "list-default": (PLUGIN + "    def __init__(self, shape, *, base=[1]): pass\n").encode(),
    "import": (PLUGIN + "import no_such_module\n").encode(),
    "raises": (PLUGIN + "raise RuntimeError('no\\nway')\n").encode(),
    "exits": (PLUGIN + "raise SystemExit(3)\n").encode(),
    "deep": b"x = " + b"(" * 500 + b")" * 500,
    "indent": b"  x = 1\n y = 2\n",
}
CONFIGS: dict[str, bytes] = {
    "empty-key": b"= 1",
    "no-value": b"seeds =",
    "open-text": b'seeds = "3',
    "twice": b"seeds = 1\nseeds = 2",
    "unknown": b"sedes = 3",
    "table": b"[seeds]\na = 1",
    "binary": bytes(range(256)),
    "bad-utf8": b'corpus = "\xff"',
    "nul": b'results = "a\\u0000b"',
    "nul-out": b'out = "a\\u0000b"',
    "nul-corpus": b'corpus = "a\\u0000b"\ntasks = "corpus"',
    "nul-encoding": b'encodings = "a\\u0000/b.py"',
    "itself": b'config = "itself.toml"',
    "json": b'{"seeds": 3}',
    "yaml": b"seeds: 3",
    "float-seeds": b"seeds = 1.5",
    "nan-seeds": b"seeds = nan",
    "inf-lengths": b"lengths = [1, inf]",
    "nested-lengths": b"lengths = [[1, 2], [3]]",
    "tables-in-list": b"lengths = [{a = 1}]",
    "empty-list": b"seeds = []",
    "bool-seeds": b"seeds = true",
    "bool-workers": b"workers = true",
    "text-workers": b'workers = "many"',
    "zero-workers": b"workers = 0",
    "date-workers": b"workers = 2020-01-01",
    "text-flag": b'dry-run = "perhaps"',
    "number-flag": b"force = 7",
    "device": b'device = "abacus"',
    "display": b'display = "loud"',
    "preset": b'preset = "huge"',
    "nan-timeout": b"cell-timeout = nan",
    "negative-timeout": b"cell-timeout = -5",
    "deep": b"seeds = " + b"[" * 2000 + b"]" * 2000,
    "long": b"seeds = " + b"9" * 5000,
    "model-number": b"model = 3",
    "model-list": b"model = [64]",
    "model-key": b"[model]\nwidht = 64",
    "model-steps": b"[model]\nsteps = 64",
    "model-text": b'[model]\nwidth = "wide"',
    "model-bool": b"[model]\nheads = true",
    "model-float": b"[model]\nlayers = 2.5",
    "model-nan": b"[model]\nwidth = nan",
    "model-empty": b"[model]\nwidth = []",
    "model-twice": b"[model]\nwidth = [64, 64]",
    "model-table": b"[model.width]\ncopy = 64",
    "model-both": b"width = 64\n[model]\nwidth = 32",
    "model-heads": b"[model]\nwidth = 64\nheads = 5",
    "model-long": b"[model]\nwidth = 0x" + b"f" * 5000,
    "model-nul": b'[model]\nmixing = "a\\u0000b"',
    "modle": b"[modle]\nwidth = 64",
    "budget-number": b"budget = 2000",
    "budget-tables": b"[[budget]]\nsteps = 3",
    "budget-key": b"[budget]\nstpes = 64",
    "budget-list": b"[budget]\nsteps = [1, 2]",
    "budget-zero": b"[budget]\nbatch = 0",
    "budget-inf": b"[budget]\nlearning-rate = inf",
    "budget-date": b"[budget]\nsteps = 2020-01-01",
    "budget-task": b'tasks = "copy"\n[budget.copi]\nsteps = 3',
    "budget-task-key": b"[budget.copy]\nwidth = 3",
    "budget-task-bool": b"[budget.copy]\nsteps = false",
    "budget-task-deep": b"[budget.copy.steps]\nx = 3",
    "budget-task-nul": b'[budget."a\\u0000b"]\nsteps = 3',
    "budget-no-task": b'[budget.""]\nsteps = 3',
    "budget-both": b"steps = 3\n[budget.copy]\nsteps = 4",
    "budget-multiples": b"budgets = [1, 1]",
    "tune": b'tune = "steps"',
    "tune-table": b"[tune]\nlearning-rate = [0.1, 1]",
    "tune-list": b"tune = [0.1, 1]",
    "short-timeout": b"cell-timeout = 1e-9",
    "long-timeout": b"cell-timeout = 1e300",
    "many-workers": b"workers = 1000",
    "gpu": b'device = "gpu"',
    "precision": b'precision = "bf16"',
    "budget-mixed": b"[budget]\nsteps = [[1]]",
    "budget-text": b'[budget.copy]\nsteps = "2,reverse=3"',
    "model-nested": b"[model]\nwidth = [[64]]",
    "model-date": b"[model]\nheads = 2020-01-01",
}
TEXTS: dict[str, bytes] = {
    "empty": b"",
    "spaces": b" \n\t\n",
    "short": "天下大势".encode(),
    "binary": bytes(range(256)) * 20,
    "nul": b"\x00" * 5000,
    "half-utf16": b"\xff\xfe\x00",
    "lone-surrogate": "天".encode("utf-16-le")[:1] * 999,
}


def numeric_options() -> Iterator[tuple[str, click.Option]]:
    """Every option of every verb that takes a number."""
    for verb in VERBS:
        for option in command_of(verb).params:
            if isinstance(option, click.Option) and isinstance(option.type, click.IntRange | click.FloatRange):
                yield verb, option


def number_cases() -> Iterator[Case]:
    for verb, option in numeric_options():
        lowest = getattr(option.type, "min", None)
        below = ["0"] if lowest != 0 or getattr(option.type, "min_open", False) else []
        whole = isinstance(option.type, click.IntRange)
        for value in [*NUMBERS, *below, *(["1.5", *HUGE] if whole else [])]:
            yield [verb, option.opts[0], value]


def change_cases() -> Iterator[Case]:
    """Every option that changes a preset, on every verb that has it."""
    for verb, arguments in (("run", ["--dry-run"]), ("time", []), ("check", ["rope"]), ("check-task", ["copy"])):
        for option in command_of(verb).params:
            if option.name in CHANGES:
                yield from ([verb, *arguments, option.opts[0], value] for value in MALFORMED)


def tune_cases() -> Iterator[Case]:
    values = ["", "steps", "learning-rate=", "learning-rate=1", "learning-rate=1,1", "learning-rate=0,1", "0.1,1"]
    values += ["learning-rate=1,2000", "learning-rate=nan,1", "learning-rate=a,b", "=0.1,1", "learning-rate:1,2", *HUGE]
    for value in values:
        yield ["run", "--dry-run", "--tune", value]


def path_cases() -> Iterator[Case]:
    """Every option of every verb that takes a folder or a file: a file where a folder should be, and the reverse."""
    for verb in VERBS:
        for option in command_of(verb).params:
            if isinstance(option, click.Option) and isinstance(option.type, click.Path):
                folder = not option.type.file_okay
                if folder or option.name == "config":
                    yield [verb, option.opts[0], "configs/json.toml" if folder else "configs"]
                yield [verb, option.opts[0]]


def list_cases() -> Iterator[Case]:
    for value in LISTS:
        yield ["run", "--dry-run", "--seeds", value]
        yield ["run", "--dry-run", "--lengths", value]
        yield ["time", "--lengths", value]


def item_cases() -> Iterator[Case]:
    for item in ITEMS:
        yield ["run", "--dry-run", "--encodings", item.format("rope")]
        yield ["run", "--dry-run", "--tasks", item.format("copy")]
        yield ["time", "--encodings", item.format("rope")]
        yield ["check", item.format("rope")]
        yield ["tutorial", "--encoding", item.format("rope")]
    for value in VALUES:
        yield ["run", "--dry-run", "--encodings", f"rope:base={value}"]
        yield ["check", f"rope:interleaved={value}"]
        yield ["run", "--dry-run", "--tasks", f"offset-recall:back={value}"]


def name_cases() -> Iterator[Case]:
    for name in NAMES:
        yield ["run", "--device", name]
        yield ["run", "--precision", name]
        yield ["run", "--display", name]
        yield ["run", "--preset", name]
        yield ["run", "--dry-run", "--corpus", name or "no-such-corpus", "--tasks", "corpus"]
        yield ["list", name]
        yield ["list", "tasks", "--format", name]
        yield ["export", "--format", name]
        yield ["attention", "--format", name]
        yield ["status", f"--{name}x"]
        yield [f"{name}z"]


def shape_cases() -> Iterator[Case]:
    """Too few arguments, too many, and in the wrong place."""
    for verb in VERBS:
        yield [verb, "--no-such-option"]
        yield [verb, "-q"]
        if verb != "check":
            yield [verb, "one", "two", "three", "four"]
    for verb, option in (("run", "--seeds"), ("run", "--config"), ("time", "--lengths"), ("report", "--out")):
        yield [verb, option]
    yield ["compare"]
    yield ["compare", "rope"]
    yield ["compare", "rope", "rope"]
    yield ["check"]
    yield ["list"]
    yield ["export", "--format", "parquet"]
    yield ["attention", "--text", "长" * 500]
    yield ["attention", "--text", "   "]


def file_cases() -> Iterator[Case]:
    for name in PLUGINS:
        yield ["run", "--dry-run", "--preset", "smoke", "--encodings", f"plugins/{name}.py"]
        yield ["tutorial", "--encoding", f"plugins/{name}.py"]
    for name in CONFIGS:
        yield ["run", "--dry-run", "--config", f"configs/{name}.toml"]
    for name in TEXTS:
        yield ["run", "--dry-run", "--preset", "smoke", "--tasks", "corpus", "--corpus", f"texts/{name}.txt"]
    yield ["run", "--config", "configs"]
    yield ["run", "--config", "no-such.toml"]
    yield ["run", "--dry-run", "--encodings", "plugins/"]
    for verb in ("report", "export"):
        yield [verb, "--results", "no-such-folder"]
        yield [verb, "--results", "spoilt"]
        yield [verb, "--results", "configs/json.toml"]


def random_cases(count: int) -> Iterator[Case]:
    """Words of all kinds after a verb; the last is an option that does not exist."""
    draw = random.Random(5)
    words = [*NUMBERS, *ITEMS, *NAMES, "--seeds", "--encodings", "--out", "--results", "--format", "-", "-x", "--help="]
    for _ in range(count):
        verb = draw.choice([*VERBS, draw.choice(words)])
        yield [verb, *draw.choices(words, k=draw.randint(0, 5)), f"--{draw.choice('qxyz')}-nothing"]


CASES = [
    *change_cases(),
    *number_cases(),
    *tune_cases(),
    *path_cases(),
    *list_cases(),
    *item_cases(),
    *name_cases(),
    *shape_cases(),
    *file_cases(),
    *random_cases(60),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every malformed file."""
    root = tmp_path_factory.mktemp("malformed")
    for folder, suffix, contents in (("plugins", "py", PLUGINS), ("configs", "toml", CONFIGS), ("texts", "txt", TEXTS)):
        (root / folder).mkdir()
        for name, content in contents.items():
            (root / folder / f"{name}.{suffix}").write_bytes(content)
    for name, content in (("train", b"{"), ("a" * 32, b"[]"), ("b" * 32, b"\xff")):
        path = root / "spoilt" / "cells" / ("c" * 32) / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def test_there_are_five_hundred_cases() -> None:
    assert len({tuple(case) for case in CASES}) >= 500
    assert len(list(numeric_options())) >= 8


SAMPLE = 10  # every so many cases, whatever their kind, are in the fast set


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=str(n), marks=[pytest.mark.slow] * bool(n % SAMPLE)) for n, case in enumerate(CASES)],
)
def test_each_is_one_clear_line_and_exit_code_2(case: Case, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(files)
    result = CliRunner().invoke(main, case, catch_exceptions=False)
    assert result.exit_code == 2, case
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1
    assert len(result.stderr) > len("error: .")


@settings(max_examples=300, derandomize=True)
@given(st.data())
def test_any_text_for_a_number_is_refused_or_within_bounds(data: st.DataObject) -> None:
    """For every option that takes a number: any integer, any float (huge, tiny, negative, NaN), any text."""
    _, option = data.draw(st.sampled_from(list(numeric_options())))
    numbers = st.integers().map(str) | st.floats().map(str) | st.integers(-(10**400), 10**400).map(str)
    text = data.draw(numbers | st.text(max_size=8))
    try:
        value = option.type.convert(text, option, None)
    except click.BadParameter as error:
        assert error.message
        return
    kind: Any = option.type
    assert -math.inf < value < math.inf
    assert kind.min is None or value > kind.min or (value == kind.min and not kind.min_open)
    assert kind.max is None or value < kind.max or (value == kind.max and not kind.max_open)


# The grammar of lists

quick = settings(max_examples=100, derandomize=True)
written = st.text("0123456789,.-+e_ nax½", max_size=11) | st.text(max_size=11)
capped = st.text("0123456789,.-+e_ nax½", max_size=9).map("auto:{}".format)


@quick
@given(written | capped)
def test_any_text_is_seeds_or_a_usage_error(text: str) -> None:
    try:
        seeds = parse_seeds(text)
    except UsageError:
        return
    if isinstance(seeds, Auto):
        assert seeds.most is None or 1 <= seeds.most <= MAX_SEEDS
        return
    assert seeds
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 10**9 for seed in seeds)
    assert len(seeds) <= MAX_SEEDS or "," in text


@quick
@given(written)
def test_any_text_is_lengths_or_a_usage_error(text: str) -> None:
    try:
        multiples = parse_multiples(text)
    except UsageError:
        return
    assert list(multiples) == sorted(set(multiples))
    assert all(1 <= multiple <= MAX_MULTIPLE for multiple in multiples)


@quick
@given(st.lists(st.integers(0, 10**9 - 1), min_size=1, max_size=7))
def test_seeds_by_name_are_those_seeds(seeds: list[int]) -> None:
    assert parse_seeds(",".join(map(str, seeds)) + ",") == tuple(dict.fromkeys(seeds))


pieces = st.sampled_from(
    [*ENCODINGS.table, *TASKS.table, ":", ",", "=", "base", "factor", "1", "nan", "all", "/", ".py", " "]
)


@pytest.mark.parametrize("catalogue", [ENCODINGS, TASKS], ids=["encodings", "tasks"])
@quick
@given(text=st.lists(pieces | st.text(max_size=3), max_size=7).map("".join))
def test_any_text_is_a_list_or_a_usage_error(catalogue: Catalogue, text: str) -> None:
    try:
        choices = catalogue.parse(text)
    except UsageError as error:
        assert str(error)
        return
    assert choices
    assert catalogue.parse(",".join(choice.label for choice in choices)) == choices  # a label is a spelling
