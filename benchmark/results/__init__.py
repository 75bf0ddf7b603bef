"""Specs, records and their store. Nothing here imports torch."""
