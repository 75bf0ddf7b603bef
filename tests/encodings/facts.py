"""Measures what `list encodings` shows and only a model can tell, and writes it: run this after adding an encoding."""

import json
from pathlib import Path

from benchmark.checks.facts import facts
from benchmark.encodings import CATALOGUE

PATH = CATALOGUE.folder / "facts.json"


def main() -> None:
    """One encoding a line, by name."""
    lines = [f"{json.dumps(name)}: {json.dumps(facts(CATALOGUE.choice(name)))}" for name in CATALOGUE.table]
    Path(PATH).write_text("{\n  " + ",\n  ".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
