"""Checks that come before any training: does an encoding keep its contract, and what to do where it does not."""
