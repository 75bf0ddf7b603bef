"""CITATION.cff is what the Citation File Format allows, and agrees with the package.

The schema is that of the format's authors, from the data of the package cffconvert, which is never imported.
"""

import json
import tomllib
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from benchmark import __version__

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    try:
        listed = files("cffconvert") or []
    except PackageNotFoundError:
        pytest.skip("no schema; make test installs it: pip install --no-deps cffconvert")
    (schema,) = (file for file in listed if file.match("schemas/1.2.0/schema.json"))
    return jsonschema.Draft7Validator(json.loads(schema.read_text("utf-8")))


@pytest.fixture
def citation() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8")))


def test_the_citation_is_valid(validator: jsonschema.Draft7Validator, citation: dict[str, Any]) -> None:
    assert [error.message for error in validator.iter_errors(citation)] == []
    for needed in ("authors", "cff-version", "message", "title"):
        assert list(validator.iter_errors({key: value for key, value in citation.items() if key != needed}))


def test_the_citation_agrees_with_the_package(citation: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert citation["version"] == project["version"] == __version__
    assert (citation["title"], citation["license"]) == (project["name"], project["license"])
    assert citation["keywords"] == project["keywords"]
