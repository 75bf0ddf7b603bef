"""docs/tasks.md: the facts of each task match its module, class and budget.

The paragraph on what a task is meant to distinguish is written by hand. After a change of a task or a budget,
`python tests/test_tasks_guide.py` rewrites the facts above it.
"""

import ast
import re
from pathlib import Path
from textwrap import fill

import pytest

from benchmark import tasks
from benchmark.catalogue import Entry, spelled
from benchmark.experiments.presets import QUICK
from benchmark.seeds import generator
from benchmark.training.asked import Asked

GUIDE = Path(__file__).parents[1] / "docs" / "tasks.md"
MARK = "Tells apart: "
GROUPS = ("language", "recall", "relative", "absolute", "string", "counting", "arithmetic", "reasoning")


def facts(name: str) -> str:
    """The facts under a task's heading, up to the paragraph on what it tells apart."""
    entry = tasks.CATALOGUE.entry(name)
    opening = ast.get_docstring(ast.parse(entry.path.read_bytes())) or ""
    lines = [
        f"{length_of(opening)}.",
        f"{str(entry.attributes['metric']).replace('_', ' ')}; chance: {chance(name, entry)}",
        *([f"shortcut: {rules}"] if (rules := shortcuts(name)) else []),
        f"vocabulary: {entry.stated('Vocabulary')}; options: {', '.join(spelled(entry.defaults)) or 'none'}",
        f"preset `quick`: {budgets(name)}",
        f"source: <{entry.attributes['source']}>",
        *([f"learned at L by none of the classics: {why}"] if (why := entry.attributes.get("unlearned")) else []),
    ]
    definition = str(entry.attributes["definition"])
    example = "\n\n".join(block.rstrip() for block in re.findall(r"(?:^    .+\n?)+", opening, flags=re.M))
    return "\n\n".join([f"{definition[0].upper()}{definition[1:]}.", example, "\n".join(map(bullet, lines))])


def bullet(line: str) -> str:
    return fill(f"- {line}", 120, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def length_of(opening: str) -> str:
    """The sentence that defines length, in one line."""
    found = re.search(r"^(Length is .+?)\.(?:\s|$)", opening, flags=re.M | re.S)
    assert found is not None, "the module does not say what length is"
    return " ".join(found.group(1).split())


def chance(name: str, entry: Entry) -> str:
    """Chance as the module states it; for an expression, also its values at L and 4 L, as rows are scored there."""
    stated = entry.stated("Chance") or ""
    if name == "corpus" or " at length " in stated:
        return stated
    length = QUICK.budgets_for(name)[0].train_length
    task = tasks.make(name)
    values = [f"{Asked.of(task, at, length).chance[task.metric]:.2g}" for at in (length, 4 * length)]
    return f"`{stated}`, " + (f"{values[0]}" if len(set(values)) == 1 else f"{values[0]} at L, {values[1]} at 4 L")


def shortcuts(name: str) -> str:
    """The names of the rules that the task is measured against."""
    if name == "corpus":
        return ""
    task = tasks.make(name)
    return ", ".join(task.shortcuts(task.sample(1, max(16, task.shortest()), generator("guide"))))


def budgets(name: str) -> str:
    return "; ".join(
        f"L = {budget.train_length}, {budget.steps:,} steps of {budget.batch} rows, learning rate "
        f"{budget.learning_rate:g}"
        for budget in QUICK.budgets_for(name)
    )


def sections(text: str) -> dict[str, tuple[str, str]]:
    """Each task's group and the text under its heading, in the order of the guide."""
    found = {}
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        group, *own = re.split(r"^### ", part, flags=re.M)
        for each in own:
            heading, _, body = each.partition("\n")
            found[heading.strip("`")] = (group.split("\n")[0].split(":")[0].lower(), body.strip())
    return found


@pytest.fixture(scope="module")
def guide() -> dict[str, tuple[str, str]]:
    return sections(GUIDE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", tasks.TABLE)
def test_the_facts_of_a_task_are_true(guide: dict[str, tuple[str, str]], name: str) -> None:
    group, body = guide[name]
    told, mark, meant = body.partition(f"\n\n{MARK}")
    assert told == facts(name), "write the facts anew: python tests/test_tasks_guide.py"
    assert mark and len(meant.split()) > 5
    assert group == tasks.CATALOGUE.entry(name).attributes["group"]


def test_every_task_is_in_the_guide_once_by_group(guide: dict[str, tuple[str, str]]) -> None:
    headings = re.findall(r"^### `(.+)`", GUIDE.read_text(encoding="utf-8"), flags=re.M)
    assert sorted(headings) == list(tasks.TABLE)
    assert list(dict.fromkeys(group for group, _ in guide.values())) == list(GROUPS)


def rewrite(text: str) -> str:
    """The guide with the current facts of every task."""
    for name, (_, body) in sections(text).items():
        told = body.partition(f"\n\n{MARK}")[0]
        text = text.replace(f"### `{name}`\n\n{told}\n", f"### `{name}`\n\n{facts(name)}\n")
    return text


def test_facts_that_are_out_of_date_are_written_anew() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    old = text.replace("- vocabulary: 103;", "- vocabulary: 99;")
    assert old != text
    assert rewrite(old) == text == rewrite(text)


if __name__ == "__main__":
    GUIDE.write_text(rewrite(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
