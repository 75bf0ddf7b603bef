"""Checks before any training: does an encoding, or a task, keep its contract, and what to do where it does not."""
