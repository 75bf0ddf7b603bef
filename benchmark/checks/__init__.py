"""Checks that run before any training: an encoding or a task held to its contract, with a remedy for each failure."""
