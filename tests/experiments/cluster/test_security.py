"""A Ray that a run starts: on loopback, with a token, without a dashboard or reports of usage, and gone afterwards."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from click.testing import CliRunner

from benchmark import run
from benchmark.cli import main
from benchmark.experiments.cluster.executor import Cluster
from benchmark.experiments.executor import Event
from benchmark.results.store import Store

ASKED: dict[str, Any] = {"tasks": "copy", "preset": "smoke", "lengths": (1,), "seeds": 1}
DASHBOARD = 8265
INTRUDE = """
import sys
import ray
ray.init(address=sys.argv[1], log_to_driver=False)
"""


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


class Look:
    """What the processes below this one are, and what they listen on, when the first cell starts."""

    def __init__(self) -> None:
        self.processes: list[psutil.Process] = []
        self.listening: list[Any] = []
        self.dashboard: list[Any] = []
        self.environments: list[dict[str, str]] = []
        self.intruder = ""

    def __call__(self, event: Event) -> None:
        if event.kind == "started":
            self.processes = psutil.Process().children(recursive=True)
            for each in living(self.processes):
                own = [found.laddr for found in each.net_connections("inet") if found.status == "LISTEN"]
                self.listening += own
                command = " ".join(each.cmdline())
                if "/ray/core/src/ray/" in command.partition(" ")[0]:
                    self.environments.append(each.environ())
                if "dashboard/dashboard.py" in command:  # Ray always starts it, if need be without a server
                    self.dashboard += own

    def intrude(self, event: Event) -> None:
        """Look, and try to connect with another token."""
        self(event)
        if event.kind == "started":
            (head,) = (each for each in self.processes if "gcs_server" in each.name())
            (port,) = (found.laddr.port for found in head.net_connections("inet") if found.status == "LISTEN")
            command = [sys.executable, "-c", INTRUDE, f"127.0.0.1:{port}"]
            other = {**self.environments[0], "RAY_AUTH_TOKEN": "0" * 64}
            done = subprocess.run(command, env=other, capture_output=True, text=True, timeout=200, check=False)
            self.intruder = done.stderr if done.returncode else "connected"


@pytest.mark.ray
def test_a_ray_that_a_run_starts_is_closed_to_others(tmp_path: Path, sleeper: Callable[..., str]) -> None:
    look = Look()
    assert run(sleeper(), **ASKED, executor="ray", device="cpu", results=tmp_path, on_event=look).failures == []
    assert len(look.listening) >= 4
    assert {address.ip for address in look.listening} <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
    assert DASHBOARD not in {address.port for address in look.listening}
    assert len(look.environments) >= 2  # the head's server and the machine's
    assert {each["RAY_AUTH_MODE"] for each in look.environments} == {"token"}
    assert {each["RAY_USAGE_STATS_ENABLED"] for each in look.environments} == {"0"}
    assert all(len(each["RAY_AUTH_TOKEN"]) == 64 for each in look.environments)
    assert look.dashboard == []
    assert psutil.wait_procs(look.processes, timeout=30)[1] == []


@pytest.mark.ray
@pytest.mark.slow
def test_another_token_does_not_open_it(tmp_path: Path, sleeper: Callable[..., str]) -> None:
    look = Look()
    run(sleeper(0.5), **ASKED, executor="ray", device="cpu", results=tmp_path, on_event=look.intrude)
    assert "Failed to connect to Ray cluster" in look.intruder
    assert "InvalidAuthToken" in look.intruder


@pytest.mark.parametrize(
    ("address", "given", "settings"),
    [
        (None, {"RAY_AUTH_MODE": "disabled"}, {"RAY_AUTH_MODE": "token", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}),
        ("127.0.0.1:6379", {}, {"RAY_AUTH_MODE": "token", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}),
        ("localhost:6379", {}, {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}),
        ("[::1]:6379", {}, {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}),
        ("10.0.0.1:6379", {}, {"RAY_AUTH_MODE": "token"}),
        ("10.0.0.1:6379", {"RAY_AUTH_MODE": "disabled"}, {"RAY_AUTH_MODE": "disabled"}),
        ("auto", {"RAY_USAGE_STATS_ENABLED": "1"}, {"RAY_AUTH_MODE": "token", "RAY_USAGE_STATS_ENABLED": "0"}),
    ],
)
def test_settings_of_ray(
    address: str | None,
    given: dict[str, str],
    settings: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = Cluster(store=Store(tmp_path), address=address)._environment()
    assert settings.items() <= found.items()
    assert ("RAY_AUTH_TOKEN" in found) == (address is None)
    outside = address is not None and address.startswith(("10.", "auto"))
    assert ("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER" in found) != outside


def test_without_ray_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ray" else found(name))
    options = ["run", "--preset", "smoke", "--tasks", "copy", "--results", str(tmp_path / "r"), "--executor", "ray"]
    outcome = CliRunner().invoke(main, options)
    assert outcome.exit_code == 2
    assert outcome.stderr == (
        "error: --executor ray needs the package ray, which is not installed: pip install "
        "'position-benchmark[cluster]'\n"
    )
    assert not (tmp_path / "r").exists()
