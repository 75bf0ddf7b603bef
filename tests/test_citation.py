"""CITATION.cff is what the Citation File Format allows, and agrees with the package."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from benchmark import __version__

ROOT = Path(__file__).parents[1]
CITATION = ROOT / "CITATION.cff"


def complaints(file: Path) -> str:
    """What the schema of the format's authors, which check-jsonschema ships, has against a file."""
    schema = ("--builtin-schema", "vendor.citation-file-format")
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, str(file)], capture_output=True, text=True
    )
    return done.stdout + done.stderr if done.returncode else ""


def test_the_citation_is_valid() -> None:
    assert complaints(CITATION) == ""


@pytest.mark.parametrize("needed", ["authors", "message"])
def test_a_citation_that_lacks_something_would_be_found(needed: str, tmp_path: Path) -> None:
    lacking = {key: value for key, value in yaml.safe_load(CITATION.read_text("utf-8")).items() if key != needed}
    (tmp_path / "CITATION.cff").write_text(yaml.safe_dump(lacking))
    assert f"'{needed}' is a required property" in complaints(tmp_path / "CITATION.cff")


def test_the_citation_agrees_with_the_package() -> None:
    citation = yaml.safe_load(CITATION.read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert citation["version"] == __version__
    assert citation["title"] == project["name"]
    assert citation["license"] in project["license"].split(" AND ")  # the code's; the font in the package has its own
    assert citation["keywords"] == project["keywords"]
