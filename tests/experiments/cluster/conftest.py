import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # loopback
    "RAY_worker_niceness": "0",
    "PYTHONPATH": str(ROOT),
}

SLEEPER = """
import os, time
from benchmark.encodings.encoding import Encoding


class Slow(Encoding):
    name = "{name}"
    title = "Slow"
    source = "https://example.org"
    acts = "rotation"
    past = "defined"

    def rotate(self, q, k, site):
        {body}
        return q, k
"""


@dataclass
class Nodes:
    """A Ray cluster of several nodes on loopback, in a process of its own (nodes.py)."""

    process: "subprocess.Popen[str]"
    address: str = ""

    def ask(self, do: str, **order: Any) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **order}) + "\n")
        self.process.stdin.flush()
        return self.heard()

    def heard(self) -> Any:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("reply "):
                return json.loads(line.removeprefix("reply "))
        raise AssertionError("the nodes are gone")

    def head(self, cpus: int = 0) -> None:
        self.address = self.ask("head", cpus=cpus)["address"]

    def add(self, cpus: int = 1, **order: Any) -> int:
        return int(self.ask("add", cpus=cpus, **order)["node"])

    def close(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()

    def kill(self, node: int | None) -> None:
        self.ask("kill", node=node)


@pytest.fixture(scope="module")
def new_nodes() -> Iterator[Callable[[], Nodes]]:
    """Starts a cluster with a head that runs nothing; all end with the module."""
    before = os.environ.copy()
    os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    started: list[Nodes] = []

    def start() -> Nodes:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("nodes.py"))],
            env={**os.environ, **SETTINGS},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        started.append(Nodes(process))
        started[-1].heard()
        started[-1].head()
        return started[-1]

    yield start
    for nodes in started:
        nodes.close()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def sleeper(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Writes an encoding that sleeps in every layer, so that a cell takes a while on any machine; returns its path."""

    def write(seconds: float = 0.05, name: str = "slow", body: str = "") -> str:
        path = tmp_path_factory.mktemp("own") / f"{name}.py"
        path.write_text(SLEEPER.format(name=name, body=body or f"time.sleep({seconds})"))
        return str(path)

    return write


@pytest.fixture
def other_package(tmp_path: Path) -> Path:
    """A folder with this package at another commit."""
    folder = tmp_path / "other"
    shutil.copytree(ROOT / "benchmark", folder / "benchmark", ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "benchmark" / "seeds.py").open("a") as file:
        file.write("# another commit\n")
    return folder
