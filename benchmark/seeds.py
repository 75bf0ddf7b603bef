"""Randomness by name: a generator is a function of what it is for, never of what was drawn before it."""

import hashlib

import torch


def seed_of(*names: object) -> int:
    """A 63-bit seed that depends on the names alone, such as ("copy", "evaluation", 64)."""
    digest = hashlib.sha256("/".join(map(str, names)).encode()).digest()
    return int.from_bytes(digest[:8], "little") >> 1


def generator(*names: object) -> torch.Generator:
    """A CPU generator seeded by the names alone."""
    return torch.Generator().manual_seed(seed_of(*names))
