"""Compare the position encodings of transformers: train, extrapolate, report.

    from benchmark import run, load

Nothing is imported until it is used: `import benchmark` costs nothing.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmark.api import Results, load, run

__version__ = "0.2.0"
__all__ = ["Results", "load", "run"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from benchmark import api

        return getattr(api, name)
    raise AttributeError(f"module 'benchmark' has no attribute {name!r}")
