"""The messages of a report, collected from the source. Run as a script, this brings the catalogues up to date.

python tests/reports/translations.py        adds new messages to each catalogue, removes unused ones, and lists those
                                            still to be translated
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import extract_from_ast

from benchmark import tasks
from benchmark.catalogue import Entry
from benchmark.checkpoints.tasks import CATALOGUE as OF_CHECKPOINTS
from benchmark.encodings import CATALOGUE as ENCODINGS
from benchmark.experiments.presets import PRESETS
from benchmark.metrics import METRICS
from benchmark.reports.page.descriptions import describe
from benchmark.reports.words import LANGUAGES
from benchmark.reports.write import markdown, templating
from benchmark.seeds import generator
from benchmark.tasks import CATALOGUE as TASKS
from benchmark.training.asked import CONSTANT

ROOT = Path(__file__).parents[2]
REPORTS = ROOT / "benchmark" / "reports"
FOLDERS = (REPORTS, *(ROOT / "benchmark" / name for name in ("claims", "cli", "tutorial")))  # speak to readers
FACTS = ("title", "unlearned", "past", "acts", "definition")  # of encodings and tasks, for readers
MARKERS = ("t", "later")
LENGTH = 16  # of the row whose shortcuts are named
HEADER = """# The messages of a report. Messages and their files are written by tests/reports/translations.py.
msgid ""
msgstr ""
"Project-Id-Version: position-benchmark\\n"
"Language: {locale}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""  # our own: Babel's contains the time of writing


def messages() -> dict[str, list[str]]:
    """Every message, with the files that hold it."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(path for folder in FOLDERS for path in folder.rglob("*.py")):
        for message in in_python(path.read_text("utf-8")):
            found[message].add(path.relative_to(ROOT).as_posix())
    for path in sorted(REPORTS.rglob("*.j2")):
        for message in in_template(path):
            found[message].add(path.relative_to(ROOT).as_posix())
    for catalogue in (ENCODINGS, TASKS):
        for name in catalogue.names():
            for said in descriptions(catalogue.entry(name)):
                found[said].add(f"benchmark/{catalogue.kind}s/__init__.py")
    for name in OF_CHECKPOINTS.names():
        own = OF_CHECKPOINTS.entry(name).attributes
        for told in filter(None, (own["title"], own.get("shortcut"))):
            found[str(told)].add("benchmark/checkpoints/tasks/__init__.py")
    for name in TASKS.names():
        if not TASKS.entry(name).attributes["language"]:
            task = tasks.make(name)
            rows = task.sample(1, max(LENGTH, task.shortest()), generator("translations"))
            for rule in task.shortcuts(rows):
                found[rule].add("benchmark/tasks/__init__.py")
    for metric in METRICS.values():
        for label in filter(None, (metric.label, metric.unit)):
            found[label].add("benchmark/metrics.py")
    found[CONSTANT].add("benchmark/training/asked.py")
    for preset in PRESETS.values():
        found[preset.purpose].add("benchmark/experiments/presets.py")
    return {message: sorted(files) for message, files in found.items()}


def descriptions(entry: Entry) -> Iterator[str]:
    """What the source text of an encoding or a task tells people in words."""
    found = describe(entry.name) if entry.kind == "encoding" else None
    words = [found.idea, found.where] if found else []
    return (str(told) for told in [*map(entry.attributes.get, FACTS), *words] if told)


def in_python(source: str) -> Iterator[str]:
    """The messages of a module; an error if one is not a literal."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKERS:
            message = node.args[0] if node.args else None
            if not (isinstance(message, ast.Constant) and isinstance(message.value, str)):
                raise ValueError(f"the message is not a literal: {ast.unparse(node)}")
            yield message.value


def in_template(path: Path) -> Iterator[str]:
    """The messages of a Jinja2 template."""
    environment = (markdown if path.name.endswith(".md.j2") else templating).environment()
    tree = environment.parse(path.read_text("utf-8"))
    for _, _, message in extract_from_ast(tree, MARKERS):
        yield str(message[0] if isinstance(message, tuple) else message)


def catalogues() -> dict[str, Path]:
    """The catalogue of each language that has one."""
    return {name: REPORTS / "locale" / each.catalogue for name, each in LANGUAGES.items() if each.catalogue}


def read(path: Path) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=path.stem)


def translations(catalogue: Catalog) -> Mapping[str, str]:
    """The translation of every message, "" if there is none."""
    return {str(entry.id): "" if entry.fuzzy else str(entry.string or "") for entry in catalogue if entry.id}


def write(catalogue: Catalog, path: Path) -> None:
    with path.open("wb") as target:
        target.write(HEADER.format(locale=path.stem).encode())
        write_po(target, catalogue, width=110, omit_header=True, sort_by_file=True, include_lineno=False)


def update(path: Path) -> list[str]:
    """Bring a catalogue up to date; return the messages that it does not translate."""
    known = translations(read(path))
    new = Catalog(locale=path.stem)
    for message, files in messages().items():
        entry = new.add(message, known.get(message, ""), locations=[(file, 0) for file in files])
        entry.flags = {"python-brace-format"} if "{" in message else set()  # "95 %" is not a placeholder
    write(new, path)
    return [message for message, said in translations(new).items() if not said]


def main() -> None:
    for language, path in catalogues().items():
        lacking = update(path)
        sys.stdout.write(f"{path.relative_to(ROOT)} ({language}): {len(lacking)} to translate\n")
        sys.stdout.writelines(f"  {message!r}\n" for message in lacking)


if __name__ == "__main__":
    main()
