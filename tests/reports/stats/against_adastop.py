"""The one rule beside AdaStop, another sequential comparison of seeds: seeds to a decision, power and false alarms.

Not part of the tests, since it takes minutes and needs a package that nothing else needs:

    python -m pip install adastop==0.1.3
    python tests/reports/stats/against_adastop.py

It rewrites its table in docs/statistics.md. AdaStop permutes values between two unpaired groups and compares means, in
LOOKS looks of EACH seeds an encoding; the rule here compares the seeds of a pair one by one.

Source: Mathieu et al. 2023, https://arxiv.org/abs/2306.10882; PyPI `adastop`.
"""

import math
from pathlib import Path

import numpy as np
from adastop import MultipleAgentsComparator
from calibration import CAPS, GUIDE, Table, bimodal, decided_at, grid, mean, normal, share, spelled
from calibration import Row as TableRow

START, END = f"<!-- table of tests/reports/stats/{Path(__file__).name} -->\n", "<!-- end of this table -->"
PAIRS = 1000
PERMUTATIONS = 1000
LOOKS = 2
EACH = CAPS[2] // LOOKS  # ten seeds at most, as the rule here
LEVELS = (0.05, 0.025)


def adastop(values: np.ndarray, level: float, seed: int) -> tuple[bool, int]:
    """If AdaStop tells the two rows of values apart, and the seeds of each that it took."""
    comparator = MultipleAgentsComparator(n=EACH, K=LOOKS, B=PERMUTATIONS, alpha=level, seed=seed)
    for look in range(1, LOOKS + 1):
        comparator.partial_compare({"0": values[0, : look * EACH], "1": values[1, : look * EACH]}, verbose=False)
        if comparator.is_finished:
            break
    return set(comparator.decisions.values()) != {"equal"}, look * EACH


def drawn(case: str, generator: np.random.Generator) -> np.ndarray:
    """Values [pairs, 2, seeds] of two encodings."""
    size = (PAIRS, 2, CAPS[2])
    if case == "alike, bimodal, p = .9":
        return bimodal(0.9)(generator, size)
    values = normal(generator, size)
    effect = 0 if case.startswith("alike") else int(case[0])
    values[:, 0] += effect * 0.05 * math.sqrt(2)
    return values


def compared() -> Table:
    rows = []
    for case in ("alike, normal", "alike, bimodal, p = .9", "1 SD", "2 SD", "3 SD", "4 SD"):
        values = drawn(case, np.random.default_rng(0))
        at, _ = decided_at(values[:, 0] - values[:, 1], 1)
        figures = [share(at <= CAPS[2]), mean(np.minimum(at, CAPS[2]))]
        for level in LEVELS:
            found = np.array([adastop(own, level, index) for index, own in enumerate(values)])
            figures += [share(found[:, 0].astype(bool)), mean(found[:, 1])]
        rows.append(TableRow(case, tuple(figures)))
    names = ["one rule", *(f"AdaStop at {spelled(level)}" for level in LEVELS)]
    head = [f"{name}: {what}" for name in names for what in ("told apart", "seeds")]
    return Table("", ("two encodings", *head), tuple(rows))


if __name__ == "__main__":
    table = grid(compared())
    text = GUIDE.read_text(encoding="utf-8")
    old = text.partition(START)[2].partition(END)[0]
    GUIDE.write_text(text.replace(f"{START}{old}{END}", f"{START}\n{table}\n{END}"), encoding="utf-8")
