"""Compare the position encodings of transformers: train, extrapolate, report."""

__version__ = "0.1.0"
