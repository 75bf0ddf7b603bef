"""How often the interval of tau holds the tau of all seeds, by simulation.

`python tests/reports/stats/calibration_of_order.py` rewrites its table in docs/statistics.md (about 15 seconds). The
same seeds give the same table. Beside the interval of a report stands one that it does not use: the 2.5 % and 97.5 %
quantiles of tau over common seeds drawn with replacement.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from calibration import GUIDE, bimodal, decided_at

START, END = "<!-- table of tests/reports/stats/calibration_of_order.py -->\n", "<!-- end of this table -->"
SEEDS = (6, 8, 9, 10, 12, 15)
ENCODINGS = 5
FIRST, SECOND = np.array(list(combinations(range(ENCODINGS), 2))).T
SAME, MIXED, REVERSE = (4, 3, 2, 1, 0), (3, 4, 1, 0, 2), (0, 1, 2, 3, 4)
RESAMPLED = 200
LEAST = 0.9  # nothing that covers less is called an interval here

Draw = Callable[[np.random.Generator, Sequence[int], tuple[int, int]], np.ndarray]  # -> [pairs of settings, 5, seeds]


def normal(gap: float) -> Draw:
    """Means `gap` SD of a seed apart."""

    def draw(generator: np.random.Generator, order: Sequence[int], size: tuple[int, int]) -> np.ndarray:
        return gap * np.array(order)[:, None] + generator.normal(size=(size[0], ENCODINGS, size[1]))

    return draw


def heavy(generator: np.random.Generator, order: Sequence[int], size: tuple[int, int]) -> np.ndarray:
    return np.array(order)[:, None] + generator.standard_t(2, (size[0], ENCODINGS, size[1]))


def learned(generator: np.random.Generator, order: Sequence[int], size: tuple[int, int]) -> np.ndarray:
    """Seeds that learn the task with a probability of .1, .3, .5, .7 and .9."""
    own = [bimodal(0.1 + 0.2 * place)(generator, size) for place in order]
    return np.stack(own, axis=1)


SHAPES: dict[str, Draw] = {
    "normal, .25 SD apart": normal(0.25),
    "normal, 1 SD apart": normal(1.0),
    "normal, 3 SD apart": normal(3.0),
    "t with 2 df, 1 apart": heavy,
    "bimodal, p = .1 to .9": learned,
}
ORDERS = {"same order": SAME, "tau .4": MIXED, "reverse": REVERSE}


@dataclass(frozen=True)
class Row:
    label: str
    coverage: tuple[float | None, ...]  # by number of seeds; None: the report gives no interval
    given: tuple[float, ...]  # share of cases with an interval
    width: tuple[float | None, ...]
    bootstrap: tuple[float, ...]


def tau(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Kendall's tau of means [..., 5]; no ties."""
    return (signs(first) * signs(second)).mean(axis=-1)


def signs(means: np.ndarray) -> np.ndarray:
    return np.sign(means[..., FIRST] - means[..., SECOND])


def shown(values: np.ndarray) -> np.ndarray:
    """1 or -1 for pairs that the one rule shows, in agreement with their means; else 0. Values [..., 5, seeds]."""
    differences = values[:, FIRST] - values[:, SECOND]
    at, ahead = decided_at(differences, len(FIRST))
    side = np.where(ahead, 1, -1) * (at <= values.shape[-1])
    return np.where(side == np.sign(differences.mean(axis=-1)), side, 0)


def interval(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The interval of a report for values [..., 5, seeds] of two settings; -1 to 1 where it gives none."""
    both = shown(first) * shown(second)
    left = (both == 0).mean(axis=-1)
    return both.mean(axis=-1) - left, both.mean(axis=-1) + left


def resampled(generator: np.random.Generator, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The percentile bootstrap over common seeds."""
    seeds = first.shape[-1]
    weights = generator.multinomial(seeds, [1 / seeds] * seeds, size=(len(first), RESAMPLED)) / seeds
    taus = tau(*(np.einsum("nrs,nks->nrk", weights, values) for values in (first, second)))
    low, high = np.quantile(taus, [0.025, 0.975], axis=-1)
    return low, high


def simulate(seed: int = 0, size: int = 4000) -> list[Row]:
    generator = np.random.default_rng(seed)
    return [
        _row(generator, f"{shape}: {name}", draw, order, size)
        for shape, draw in SHAPES.items()
        for name, order in ORDERS.items()
    ]


def _row(generator: np.random.Generator, label: str, draw: Draw, order: Sequence[int], size: int) -> Row:
    truth = tau(np.array(SAME, dtype=float), np.array(order, dtype=float))
    coverage, given, width, bootstrap = [], [], [], []
    for seeds in SEEDS:
        first, second = draw(generator, SAME, (size, seeds)), draw(generator, order, (size, seeds))
        low, high = interval(first, second)
        has = high - low < 2 - 1e-9
        covered = (low <= truth + 1e-9) & (high >= truth - 1e-9)
        given.append(float(has.mean()))
        coverage.append(float(covered[has].mean()) if has.mean() >= 0.01 else None)
        width.append(float((high - low)[has].mean()) if has.mean() >= 0.01 else None)
        low, high = resampled(generator, first[: size // 4], second[: size // 4])
        bootstrap.append(float(((low <= truth + 1e-9) & (high >= truth - 1e-9)).mean()))
    return Row(label, tuple(coverage), tuple(given), tuple(width), tuple(bootstrap))


def written(rows: Sequence[Row]) -> str:
    """The table as Markdown: coverage (share of cases with an interval, mean width); bootstrap."""
    head = (
        "| 5 encodings in two settings | " + " | ".join(f"{seeds} seeds" for seeds in SEEDS) + " | bootstrap, 6 to 15 |"
    )
    lines = [head, "|---|" + "---:|" * (len(SEEDS) + 1)]
    for row in rows:
        cells = [
            "–" if covered is None else f"{spelled(covered)} ({given:.0%}, {wide:.1f})"
            for covered, given, wide in zip(row.coverage, row.given, row.width, strict=True)
        ]
        ends = f"{spelled(min(row.bootstrap))} to {spelled(max(row.bootstrap))}"
        lines.append(f"| {row.label} | " + " | ".join(cells) + f" | {ends} |")
    return "\n".join(lines) + "\n"


def spelled(share: float) -> str:
    return f"{share:.3f}".removeprefix("0")


def block(text: str) -> str:
    """What stands between the marks of the guide."""
    return text.partition(START)[2].partition(END)[0].strip() + "\n"


def rewrite(text: str, rows: Sequence[Row]) -> str:
    """The guide with this table."""
    before, mark, rest = text.partition(START)
    _, end, after = rest.partition(END)
    return f"{before}{mark}\n{written(rows)}\n{end}{after}"


if __name__ == "__main__":
    GUIDE.write_text(rewrite(GUIDE.read_text(encoding="utf-8"), simulate()), encoding="utf-8")
