"""Results that come through a cluster: those of the pool, from machines that have the package and nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from folders import outcomes

from benchmark import run
from benchmark.errors import UsageError
from benchmark.experiments.executor import Event
from benchmark.experiments.machine import cores
from benchmark.results.record import EvalRecord

pytestmark = pytest.mark.ray
OWN = """
from helper import FACTOR
from benchmark.encodings.encoding import Encoding


class Mine(Encoding):
    name = "mine"
    title = "Mine"
    source = "https://example.org"
    acts = "rotation"
    past = "undefined"
    max_length = 40

    def rotate(self, q, k, site):
        return q * FACTOR, k
"""
TEXT = "The quick brown fox jumps over the lazy dog, and the dog sleeps on while the fox runs far away.\n\n"


@pytest.fixture(scope="module")
def address(new_nodes: Callable[[], Any]) -> str:
    nodes = new_nodes()
    nodes.add()
    nodes.add()
    return str(nodes.address)


@pytest.fixture
def asked(tmp_path: Path) -> dict[str, Any]:
    """A run with an encoding and a text of the user's own."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "mine.py").write_text(OWN)
    (folder / "helper.py").write_text("FACTOR = 0.5\n")
    (folder / "novel.txt").write_text("".join(f"Chapter {number}\n\n{TEXT * 20}" for number in range(1, 11)))
    return {
        "encodings": ["rope", folder / "mine.py", f"randomized:base={folder / 'mine.py'}"],
        "tasks": "copy,corpus",
        "corpus": folder / "novel.txt",
        "preset": "smoke",
        "lengths": (1, 2),
        "seeds": 1,
    }


def test_a_run_through_ray_equals_one_of_the_pool(address: str, asked: dict[str, Any], tmp_path: Path) -> None:
    events: list[Event] = []
    there = run(
        **asked, executor="ray", address=address, device="cpu", results=tmp_path / "there", on_event=events.append
    )
    here = run(**asked, workers=cores(), device="cpu", results=tmp_path / "here")
    assert there.failures == here.failures == []
    assert outcomes(tmp_path / "there") == outcomes(tmp_path / "here")
    assert len(outcomes(tmp_path / "here")) == 2 * 3 * 3 + 3  # a probe of each text cell
    kinds = [event.kind for event in events if event.kind != "progress"]
    assert kinds.count("started") == kinds.count("measuring") == kinds.count("done") == 6
    reasons = [
        {record.reason for record in found.store.records() if isinstance(record, EvalRecord)} for found in (there, here)
    ]
    assert reasons[0] == reasons[1]  # they name the user's file, and not a copy of it
    assert any("mine.py is defined up to 40" in str(reason) for reason in reasons[0])
    run(
        **asked,
        executor="ray",
        address=address,
        results=tmp_path / "there",
        on_event=lambda event: pytest.fail(str(event)),
    )


def test_what_no_machine_can_give_is_refused(address: str, asked: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"^a cell asks for 2 cores, but no machine of the cluster has more than 1 core:"
    ):
        run(**asked, executor="ray", address=address, cores_per_cell=2, results=tmp_path / "results")
    assert not list(tmp_path.glob("results/cells/*/*.json"))
