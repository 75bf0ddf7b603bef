"""What a record says besides its result: when and where it was made, or the error that took its place."""

from datetime import UTC, datetime
from typing import Any

import torch

from benchmark.errors import storable
from benchmark.results.environment import environment


def outcome_facts(device: torch.device) -> dict[str, Any]:
    """What a record says of time and place."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {"created": datetime.now(UTC), "environment": environment(name, torch.get_num_threads())}


def one_line(error: BaseException) -> str:
    """An error in one line; if memory ran out, with the remedy."""
    text = storable(" ".join(str(error).split()))
    if isinstance(error, MemoryError) or "can't allocate memory" in text:
        return (
            f"out of memory: each worker gets a share; --workers 1 --retry-failed gives all of it to one ({text[:300]})"
        )
    return f"{type(error).__name__}: {text}"[:500]
