"""The machines of a Ray cluster, what a cell asks of them, and the refusal of what none of them can ever give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.errors import UsageError
from benchmark.experiments.machine import WORKER_MEMORY_BYTES
from benchmark.results.spec import Frozen

OPTIONS = {"CPU": "--cores-per-cell", "memory": "--memory-per-cell", "GPU": "--gpus-per-cell"}  # by Ray's resource


class Ask(Frozen):
    """What a cell asks of Ray."""

    cores: int = 1
    memory_bytes: int | None = None  # None: what a cell of the preset `quick` takes, without being held to it
    gpus: float = 0.0  # a share of one

    @property
    def resources(self) -> dict[str, float]:
        """By Ray's names."""
        wanted = {"CPU": self.cores, "memory": self.memory_bytes or WORKER_MEMORY_BYTES, "GPU": self.gpus}
        return {name: amount for name, amount in wanted.items() if amount}


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A machine that is part of the cluster now."""

    id: str
    name: str
    resources: Mapping[str, float]

    def room(self, ask: Ask) -> int:
        """How many cells it runs at once."""
        # A tolerance: four shares of .25 of a GPU must fit.
        return min(int(self.resources.get(name, 0.0) / amount + 1e-6) for name, amount in ask.resources.items())


def machines() -> list[Machine]:
    """The machines of the cluster that Ray is connected to."""
    import ray

    return [_machine(node) for node in ray.nodes() if node["Alive"]]


def _machine(node: Mapping[str, Any]) -> Machine:
    address, host = node["NodeManagerAddress"], node["NodeManagerHostname"]
    name = address if host in ("", address) else f"{host} ({address})"
    return Machine(id=node["NodeID"], name=name, resources=dict(node["Resources"]))


def refuse_impossible(ask: Ask, found: Sequence[Machine]) -> None:
    """Raise UsageError if no machine can ever run a cell: Ray would wait for one for ever."""
    if any(machine.room(ask) for machine in found):
        return
    most = {name: max((each.resources.get(name, 0.0) for each in found), default=0.0) for name in ask.resources}
    lacking = [name for name, amount in ask.resources.items() if amount > most[name]]
    if not lacking:
        wanted = ", ".join(_shown(name, amount) for name, amount in ask.resources.items())
        raise UsageError(
            f"a cell asks for {wanted}, and no machine of the cluster has all of that: ask for less of one"
        )
    name = lacking[0]
    raise UsageError(
        f"a cell asks for {_shown(name, ask.resources[name])}, but no machine of the cluster has more than "
        f"{_shown(name, most[name])}: lower {OPTIONS[name]}, or add a machine that has it"
    )


def _shown(name: str, amount: float) -> str:
    if name == "memory":
        return f"{amount / 1e9:.1f} GB of memory"
    return f"{amount:g} {'core' if name == 'CPU' else 'GPU'}{'s' * (amount > 1 or amount == 0)}"
