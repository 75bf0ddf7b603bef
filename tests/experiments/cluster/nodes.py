"""A Ray cluster on loopback for tests: a process that starts and kills its nodes on order, and ends with its owner.

{"do": "head", "cpus": 0}    -> {"address": "127.0.0.1:..."}, on the same port each time
{"do": "add", "cpus": 1}     -> {"node": 0}
{"do": "kill", "node": 0}    -> {}, with SIGKILL, also for its workers
{"do": "kill", "node": null} -> {}: the head
{"do": "workers"}            -> {"pids": [...]}: the processes of Ray that run a cell now
"""

import json
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import psutil
from ray.cluster_utils import Cluster

STORE_BYTES = 80 * 2**20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Nodes:
    """The nodes of the cluster."""

    def __init__(self, folder: str) -> None:
        self.folder, self.port = folder, free_port()
        self.cluster = Cluster(shutdown_at_exit=True)
        self.nodes: list[Any] = []

    def head(self, cpus: int) -> dict[str, Any]:
        Path(tempfile.gettempdir(), "ray").mkdir(exist_ok=True)  # Ray notes the address there, whatever its temp_dir
        usual = {"include_dashboard": False, "temp_dir": self.folder, "gcs_server_port": self.port}
        self.cluster.add_node(num_cpus=cpus, object_store_memory=STORE_BYTES, **usual)
        return {"address": self.cluster.address}

    def add(self, cpus: int, path: str | None = None) -> dict[str, Any]:
        usual = os.environ["PYTHONPATH"]
        os.environ["PYTHONPATH"] = path or usual
        self.nodes.append(self.cluster.add_node(num_cpus=cpus, object_store_memory=STORE_BYTES))
        os.environ["PYTHONPATH"] = usual
        return {"node": len(self.nodes) - 1}

    def kill(self, node: int | None) -> dict[str, Any]:
        chosen = self.cluster.head_node if node is None else self.nodes[node]
        trees = [each.process.pid for entries in chosen.all_processes.values() for each in entries]
        children = [child for pid in trees for child in psutil.Process(pid).children(recursive=True)]
        self.cluster.remove_node(chosen, allow_graceful=False)
        for child in children:
            if child.is_running():
                child.kill()
        return {}

    def workers(self) -> dict[str, Any]:
        own = psutil.Process().children(recursive=True)
        return {"pids": [each.pid for each in own if each.cmdline()[:1] == ["ray::fly"]]}


def reply(content: object) -> None:
    sys.stdout.write(f"reply {json.dumps(content)}\n")
    sys.stdout.flush()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        nodes = Nodes(folder)
        reply(None)
        for line in sys.stdin:
            order = json.loads(line)
            reply(getattr(nodes, order.pop("do"))(**order))
        nodes.cluster.shutdown()


if __name__ == "__main__":
    main()
