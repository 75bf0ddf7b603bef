"""Specs, records and their store. No torch."""
