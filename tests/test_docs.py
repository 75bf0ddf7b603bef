"""The documents are true: links lead somewhere, commands parse, and the files and tests they name exist."""

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import click
import pytest

from benchmark.api import Results
from benchmark.catalogue import Catalogue
from benchmark.checkpoints.tasks import CATALOGUE as OF_CHECKPOINTS
from benchmark.cli import VERBS, command_of, main
from benchmark.cli.verbs.list import ENCODING_COLUMNS
from benchmark.encodings import CATALOGUE as ENCODINGS
from benchmark.errors import UsageError
from benchmark.experiments.presets import preset
from benchmark.experiments.request import parse_lengths, parse_seeds
from benchmark.tasks import CATALOGUE as TASKS
from benchmark.tasks.corpus import BUILT_IN

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
CHINESE_README = ROOT / "README.zh-CN.md"
DOCUMENTS = [
    README,
    CHINESE_README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]
PROGRAM = "python -m benchmark"
PLACEHOLDER = "path/to/"  # a file of the reader's own

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
COMMENT = re.compile(r"<!--.*?-->", re.S)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)


@cache
def text_of(document: Path) -> str:
    return COMMENT.sub("", document.read_text(encoding="utf-8"))


def prose_of(document: Path) -> str:
    return FENCE.sub("", text_of(document))


def anchors(document: Path) -> set[str]:
    """The anchors that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.+)$", prose_of(document), flags=re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(document: Path) -> Iterator[str]:
    """The arguments of every command shown, in blocks and inline."""
    blocks = [body for language, body in FENCE.findall(text_of(document)) if language == "sh"]
    lines = [line for block in blocks for line in block.splitlines()]
    for line in (*lines, *re.findall(r"`([^`\n]+)`", prose_of(document))):
        if line.startswith(PROGRAM) and not line.endswith(PROGRAM):
            yield line.removeprefix(PROGRAM).strip()


def examples(command: click.Command) -> list[str]:
    """The arguments of every example at the end of a help text."""
    lines = [line.strip() for line in (command.epilog or "").splitlines()]
    return [line.removeprefix(PROGRAM).strip() for line in lines if line.startswith(PROGRAM)]


COMMANDS = sorted(
    {
        *((document.name, command) for document in DOCUMENTS for command in commands(document)),
        *((f"{verb} --help", command) for verb in VERBS for command in examples(command_of(verb))),
        *(("--help", command) for command in examples(main)),
    }
)


def from_the_verb(arguments: str) -> list[str]:
    """The words of a command line from the verb on: options of the program stand before it, and are known."""
    words = shlex.split(arguments, comments=True)
    while words[0].startswith("-"):
        option = option_of(main, words.pop(0))
        if not option.is_flag and not option.count:
            option.type_cast_value(click.Context(main), words.pop(0))
    return words


def verb_of(arguments: str) -> click.Command:
    verb = from_the_verb(arguments)[0]
    command = main.get_command(click.Context(main), verb)
    assert command is not None, f"no verb {verb!r}"
    return command


def option_of(command: click.Command, name: str) -> click.Option:
    found = [option for option in command.params if isinstance(option, click.Option) and name in option.opts]
    assert found, f"{command.name} has no option {name!r}"
    return found[0]


def values(arguments: str) -> dict[str, str]:
    """The value of every option of a command line, each known to the verb and of its type."""
    command, (_, *words) = verb_of(arguments), from_the_verb(arguments)
    context = click.Context(command)
    given, positional = {}, []
    while words:
        word = words.pop(0)
        if word == "--help":
            return {}
        if not word.startswith("-"):
            positional.append(word)
            continue
        option = option_of(command, word)
        if not option.is_flag:
            assert words, f"{word} has no value"
            given[word] = words.pop(0)
            option.type_cast_value(context, given[word])
    wanted = [parameter for parameter in command.params if isinstance(parameter, click.Argument)]
    if wanted and wanted[-1].nargs == -1:  # the last argument takes all the others
        assert positional or not wanted[-1].required, f"{command.name} takes at least one argument"
        given[wanted.pop().human_readable_name] = ",".join(positional)
        return given
    assert len(positional) == len(wanted), f"{command.name} takes {len(wanted)} arguments, not {positional}"
    for argument, word in zip(wanted, positional, strict=True):
        argument.type_cast_value(context, word)
    return given


def check_list(catalogue: Catalogue, listing: str) -> None:
    """Every item is known, apart from the reader's own files."""
    known = [item for item in listing.split(",") if not item.startswith(PLACEHOLDER)]
    if known:
        catalogue.parse(",".join(known))


def check_corpus(name: str) -> None:
    assert name in BUILT_IN or name.startswith(PLACEHOLDER), f"no corpus {name!r}"


CHECKS = {
    "--encodings": partial(check_list, ENCODINGS),
    "--encoding": ENCODINGS.choice,
    "--reference": ENCODINGS.choice,
    "ENCODING...": partial(check_list, ENCODINGS),
    "--tasks": partial(check_list, TASKS),
    "TASK...": partial(check_list, TASKS),
    "--preset": preset,
    "--seeds": parse_seeds,
    "--corpus": check_corpus,
}


def check(arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # where examples/ is
    given = values(arguments)
    checks = {**CHECKS, "--tasks": partial(check_list, OF_CHECKPOINTS)} if "--checkpoint" in given else CHECKS
    for option in checks.keys() & given.keys():
        checks[option](given[option])
    if "--lengths" in given and arguments.startswith("run"):
        parse_lengths(given["--lengths"], given.get("--checkpoint"))


@pytest.mark.parametrize(("document", "arguments"), COMMANDS)
def test_a_command_shown_is_one_that_can_be_given(document, arguments, monkeypatch):
    check(arguments, monkeypatch)


@pytest.mark.parametrize(
    "wrong",
    [
        "fly",
        "run --seed 3",
        "run --encodings rope,alibbi",
        "run --encodings rope:basis=5",
        "run --seeds three",
        "run --lengths 0",
        "run --preset huge",
        "run --corpus xiyou",
        "run --device abacus",
        "run --workers",
        "compare rope",
        "check rop",
        "check-task copi",
        "check",
        "list nothing",
    ],
)
def test_a_command_that_cannot_be_given_would_be_found(wrong, monkeypatch):
    with pytest.raises((AssertionError, UsageError, click.UsageError)):
        check(wrong, monkeypatch)


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_ends_with_examples_of_that_verb(verb):
    shown = examples(command_of(verb))
    assert shown, f"{verb} --help has no example: give its command an epilog, benchmark.cli.terminal.examples"
    assert {from_the_verb(line)[0] for line in shown} == {verb}


def test_commands_are_found_in_blocks_and_in_prose():
    shown = {command for document, command in COMMANDS if document == "README.md"}
    assert "run --dry-run" in shown  # a block
    assert "compare rope alibi" in shown  # a table
    assert len(COMMANDS) > 30


def test_the_readme_shows_every_verb():
    shown = {from_the_verb(command)[0] for document, command in COMMANDS if document == "README.md"}
    assert shown == set(VERBS)


def test_the_guide_to_python_explains_every_method_of_results():
    rows = re.findall(r"^\| `results\.(\w+)\(", text_of(ROOT / "docs" / "python.md"), flags=re.M)
    assert sorted(rows) == sorted(name for name, own in vars(Results).items() if callable(own) and name[0] != "_")


def test_the_readme_explains_every_option_of_run():
    section = text_of(README).partition("### Options of `run`")[2].partition("```")[0]
    explained = set(re.findall(r"^\| (`--.*?) \|", section, flags=re.M))
    names = {name for cell in explained for name in re.findall(r"`(--[\w-]+)`", cell)}
    assert names == {option.opts[0] for option in verb_of("run").params}


def results_of(document: Path) -> list[list[str]]:
    """The numbers of the table of first results, row by row."""
    rows = re.findall(r"^\|[^|]*\| (?:alibi|rope) \|(.*)$", text_of(document), flags=re.M)
    return [re.findall(r"\d+\.\d+", row) for row in rows]


def test_both_readmes_give_the_same_results():
    assert len(results_of(README)) == 8
    assert results_of(CHINESE_README) == results_of(README)


def test_the_readmes_lead_to_each_other():
    assert CHINESE_README.name in LINK.findall(text_of(README))
    assert README.name in LINK.findall(text_of(CHINESE_README))


def test_the_readme_begins_with_the_two_commands():
    first = FENCE.search(text_of(README))
    assert first is not None
    assert [line.split("#")[0].strip() for line in first.group(2).splitlines()] == ["make run", "make test"]
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M)
    assert {"run", "test"} <= set(targets)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_relative_link_leads_somewhere(document):
    for target in LINK.findall(prose_of(document)):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        aim = document.parent / path if path else document
        assert aim.exists(), f"{document.name} links to {target}, which is not there"
        assert not anchor or anchor in anchors(aim), f"{document.name} links to {target}, which has no such heading"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_file_and_test_that_is_named_exists(document):
    for path in re.findall(r"`((?:benchmark|tests|examples|docs)/[\w./-]+)`", prose_of(document)):
        assert (ROOT / path).exists(), f"{document.name} names {path}, which is not there"
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", prose_of(document)):
        assert name in functions(ROOT / path), f"{document.name} names {path}::{name}, which is not there"


def functions(path: Path) -> set[str]:
    tree = ast.parse(path.read_bytes())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_rule_of_fairness_names_its_test():
    sections = re.split(r"^## ", text_of(ROOT / "docs" / "what-is-fair.md"), flags=re.M)[1:]
    untested = [section.splitlines()[0] for section in sections if "::test_" not in section]
    assert untested == ["What is not made equal"]


def layout() -> list[Path]:
    """The files and folders of the README's tree, relative to the root."""
    tree = FENCE.search(text_of(README).partition("### Layout")[2])
    assert tree is not None
    found: list[Path] = []
    parents: list[str] = []
    for line in tree.group(2).splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        parents = [*parents[:depth], line.split()[0]]
        found.append(Path(*parents))
    return found


def test_everything_in_the_layout_exists():
    for path in layout():
        assert (ROOT / path).exists(), f"the layout shows {path}, which is not there"


def test_every_part_of_the_package_is_in_the_layout():
    parts = {path.parent.relative_to(ROOT) for path in (ROOT / "benchmark").glob("*/__init__.py")}
    assert len(parts) >= 9
    assert parts <= set(layout())


def test_the_sections_of_a_report_are_explained_in_its_order():
    guide = re.findall(r"^## (.+)$", text_of(ROOT / "docs" / "read-a-report.md"), flags=re.M)
    titles = section_titles()
    first = guide.index(titles[0])
    assert guide[first : first + len(titles)] == titles


def section_titles() -> list[str]:
    """The titles of the sections that `write.report.build` puts together, in its order."""
    reports = ROOT / "benchmark" / "reports"
    modules = re.findall(r"^ {8}(\w+)\.section\(", (reports / "write" / "report.py").read_text("utf-8"), flags=re.M)
    assert len(modules) >= 10
    return [section_title(reports / "sections" / f"{module}.py") for module in modules]


def section_title(module: Path) -> str:
    """The title of the section that a module makes."""
    (function,) = (node for node in ast.parse(module.read_bytes()).body if getattr(node, "name", "") == "section")
    title = re.search(r"Section\(\s*id='\w+',\s*title=(?:t\()?'([^']+)'", ast.unparse(function))
    assert title, f"{module.name} has no section with a title"
    return title[1]


def test_the_hooks_in_the_architecture_are_those_of_the_contract():
    rows = re.findall(r"^\| `(\w+)` \|", text_of(ROOT / "docs" / "architecture.md"), flags=re.M)
    contract = ast.parse((ROOT / "benchmark" / "encodings" / "encoding.py").read_bytes())
    (encoding,) = (node for node in contract.body if isinstance(node, ast.ClassDef) and node.name == "Encoding")
    methods = [node for node in encoding.body if isinstance(node, ast.FunctionDef)]
    hooks = [node.name for node in methods if not node.decorator_list and not node.name.startswith("_")]
    assert [row for row in rows if row in hooks][: len(hooks)] == hooks


@pytest.mark.parametrize(("item", "catalogue"), [("Encodings", ENCODINGS), ("Tasks", TASKS)])
def test_the_readme_names_every_encoding_and_every_task_once(item: str, catalogue: Catalogue) -> None:
    part = text_of(README).partition(f"- **{item}**, by")[2].partition("\n- **")[0]
    rows = re.findall(r"^  \| `?(\w[^|]*?)`? \| (.*) \|$", part, flags=re.M)[1:]
    named = {
        group: set(re.findall(r"`([\w-]+)`", names)) - {*catalogue.groups, *catalogue.rules} for group, names in rows
    }
    assert sorted(name for names in named.values() for name in names) == sorted(catalogue.table)
    if catalogue is TASKS:
        assert {group: set(catalogue.members(group)) for group in named} == named


def test_the_guide_lists_every_other_name_with_what_it_is_here() -> None:
    part = text_of(ROOT / "docs" / "encodings.md").partition("\n## Other names")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w.*?) \| (.*) \|$", part, flags=re.M)[1:]
    listed = {name: here for names, here in rows for name in re.sub(r" \(.*\)", "", names).split(", ")}
    assert sorted(listed) == sorted(ENCODINGS.aliases)
    for name, here in listed.items():
        named = re.findall(r"'([\w:=.-]+)'", ENCODINGS.aliases[name])
        assert {f"`{each.partition(':')[0]}" for each in named} & set(re.findall(r"`[\w-]+", here)), name


def test_the_guide_names_every_group_and_column_of_encodings() -> None:
    text = text_of(ROOT / "docs" / "encodings.md")
    groups = text.partition("\n## Groups")[2].partition("\n## ")[0]
    named = {name for row in re.findall(r"^\| (`.*?) \|", groups, flags=re.M) for name in re.findall(r"`(.*?)`", row)}
    assert named == {*ENCODINGS.groups, *ENCODINGS.rules, "all"}
    columns = text.partition("\n## What matters")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(.*?)` \|", columns, flags=re.M)) <= set(ENCODING_COLUMNS.values())


def test_every_encoding_has_its_place_in_the_guide() -> None:
    text = text_of(ROOT / "docs" / "encodings.md").partition("## Where published code")[0]
    first_fields = re.findall(r"^\| (`.*?) \|", text, flags=re.M)
    named = [name for field in first_fields for name in re.findall(r"`([\w-]+)`", field)]
    assert sorted(named) == sorted(ENCODINGS.table)
