"""Named randomness: a generator depends only on its purpose, never on what was drawn before it."""

import hashlib

import torch


def seed_of(*names: object) -> int:
    """A 63-bit seed that depends only on the names, such as ("copy", "evaluation", 64)."""
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def generator(*names: object) -> torch.Generator:
    """A CPU generator seeded only by the names."""
    return torch.Generator().manual_seed(seed_of(*names))
