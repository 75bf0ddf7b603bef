"""The timing suite's measurements as a table: how long each encoding takes, relative to `none`.

    ratio = median over rounds of own seconds / seconds of the interleaved round of `none`, with its 95 % interval

Source: JSON files as pytest-benchmark writes them, which `python -m benchmark time` leaves in results/timing/.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from benchmark.reports.stats.intervals import paired_ratio
from benchmark.reports.tables.measurements import typed_table
from benchmark.results.files import Files, decoded

TIMING_COLUMNS = {
    "encoding": "str",
    "operation": "str",
    "length": "int64",
    "seconds": "float64",
    "none_seconds": "float64",
    "ratio": "float64",
    "low": "float64",
    "high": "float64",
    "rounds": "int64",
    "device": "str",
}


def timing_table(files: Files, problems: list[str]) -> pd.DataFrame:
    """Ratios to `none` from the files under timing/: the newest of each encoding, operation, length and device.

    A file that cannot be read is named in `problems`.
    """
    found: dict[tuple[object, ...], dict[str, Any]] = {}
    for _, rows in sorted(_timing_files(files, problems), key=lambda dated: dated[0]):
        for row in rows:
            found[row["encoding"], row["operation"], row["length"], row["device"]] = row
    order = ["device", "operation", "length", "encoding"]
    return typed_table(found.values(), TIMING_COLUMNS).sort_values(order, ignore_index=True)


def _timing_files(files: Files, problems: list[str]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for name in (name for name in files.under("timing") if name.endswith(".json")):
        path = f"{files.where}/{name}"
        try:
            content = decoded(files.content(name))
            if not isinstance(content, dict) or not isinstance(content.get("benchmarks"), list):
                raise ValueError("not a pytest-benchmark file")
            rows = list(_timing_rows(content))
        except (OSError, ValueError) as error:
            problems.append(f"{path}: skipped: {error}")
        except (AttributeError, LookupError, TypeError, OverflowError, RecursionError) as error:
            problems.append(f"{path}: skipped: not a pytest-benchmark file: {error}")
        else:
            yield str(content.get("datetime", "")), rows


def _timing_rows(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for benchmark in content["benchmarks"]:
        info = benchmark.get("extra_info", {})
        own = benchmark.get("stats", {}).get("data") or []
        none = info.get("none_seconds") or []
        rounds = min(len(own), len(none))
        if rounds and {"encoding", "operation", "length"} <= info.keys():
            seconds = np.concatenate([np.asarray(own, dtype=float), np.asarray(none, dtype=float)])
            if not (np.isfinite(seconds) & (seconds > 0)).all():
                raise ValueError("its seconds are not all positive numbers")
            ratio = paired_ratio(own[:rounds], none[:rounds])
            yield {
                "encoding": str(info["encoding"]),
                "operation": str(info["operation"]),
                "length": int(np.int64(info["length"])),  # fails for a number that no column can hold
                "seconds": float(np.median(own)),
                "none_seconds": float(np.median(none)),
                "ratio": ratio.value,
                "low": ratio.low,
                "high": ratio.high,
                "rounds": rounds,
                "device": str(info.get("device", "cpu")),
            }
