"""Compare two encodings from Python: train them, look at the tidy table, load it again from disk.

    python examples/compare_two.py [results folder]

The smoke preset takes seconds, and its numbers mean nothing. For meaningful ones, use preset="quick" and omit `seeds`.
"""

import sys

from benchmark import load, run


def main(folder: str) -> None:
    """Train RoPE and ALiBi on one task, and print accuracy by length."""
    encodings, tasks = ["rope", "alibi"], ["offset-recall"]
    results = run(encodings=encodings, tasks=tasks, preset="smoke", seeds=1, results=folder)
    for failure in results.failures:
        print(f"failed: {failure}")
    table = results.frame()
    accuracy = table[table["metric"] == "token_accuracy"]
    print(accuracy.pivot_table(index="encoding", columns="length", values="value", aggfunc="mean").round(3))
    print(f"seeds: {sorted(table['seed'].unique().tolist())}")
    print(f"rows on disk: {len(load(folder).frame())}")


if __name__ == "__main__":  # needed: worker processes import this file
    main(sys.argv[1] if len(sys.argv) > 1 else "results")
