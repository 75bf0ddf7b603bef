"""What delivers the project: the workflow and the image name files, commands and versions that exist."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
COMMANDS = [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]


def test_the_workflow_runs_what_a_developer_runs() -> None:
    targets = set(re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M))
    for command in COMMANDS:
        program, *words = command.split()
        assert words[-1] in targets if program == "make" else (ROOT / program).stat().st_mode & 0o100, command
    assert {"make PYTHON=python test", "make PYTHON=python docs", ".ci/wheel"} <= set(COMMANDS)


def test_the_workflow_tests_the_oldest_and_the_newest_python_that_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    stated = [line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r":: 3\.\d+$", line)]
    tested = WORKFLOW["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert tested == [stated[0], stated[-1]]
    assert project["requires-python"] == f">={tested[0]}"


def let_through() -> list[str]:
    """What .dockerignore leaves for the builder."""
    return [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[0] == "!"]


def test_the_image_takes_exactly_what_reaches_the_builder() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), flags=re.M)
    assert sorted(source for line in copied for source in line.split()) == sorted(let_through())
    assert all((ROOT / source).exists() for source in let_through())


def test_everything_that_the_build_names_reaches_the_builder() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for path in (project["readme"], *project["license-files"]):
        assert any(path == each or fnmatch(path, f"{each}/*") for each in let_through()), path
