"""How often the words and intervals of a report are wrong, and how often they find what is there, by simulation.

`python tests/reports/stats/calibration.py` rewrites the tables in docs/statistics.md (about a minute). The same seeds
give the same tables. Verdicts of thousands of columns are reached by `judged`, which takes another road than
`verdict.Verdict`; test_calibration.py checks that they agree.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy import special, stats

from benchmark.reports.stats.intervals import alike, alike_share, median_bounds, share_interval, widened
from benchmark.reports.stats.verdict import LEVEL, allowed

GUIDE = Path(__file__).parents[3] / "docs" / "statistics.md"
START, END = "<!-- tables of tests/reports/stats/calibration.py -->\n", "<!-- end of these tables -->"

SEEDS = (3, 5, 6, 8, 9, 10)
CAPS = {2: 10, 5: 15, 20: 21}  # seeds at which `auto` stops undecided, by number of encodings
AUTO = "auto"
COLUMNS = [*map(str, SEEDS), AUTO]
COVERAGE = 0.9  # nothing that covers less is called a 95 % interval
MARGIN = 0.02
HIGH, LOW, NOISE = 0.99, 0.1, 0.005  # a seed that learns the task, one that does not, and what both vary by
RIVAL = 0.6  # reached on every seed

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


@dataclass(frozen=True)
class Bound:
    """What the figures of a row must be."""

    least: float = 0.0
    most: float = 1.0
    columns: tuple[str, ...] = tuple(COLUMNS)

    def holds(self, row: "Row", errors: float = 0.0) -> bool:
        """True if no figure is beyond the bound by more than so many standard errors."""
        known = [
            figure for column, figure in zip(COLUMNS, row.figures, strict=True) if figure and column in self.columns
        ]
        return all(
            self.least - errors * figure.error <= figure.value <= self.most + errors * figure.error for figure in known
        )

    def __str__(self) -> str:
        said = f"at most {spelled(self.most)}" if self.most < 1 else f"at least {spelled(self.least)}"
        return said if self.columns == tuple(COLUMNS) else f"{said} with {', '.join(self.columns)}"


@dataclass(frozen=True)
class Figure:
    """A simulated mean with its standard error; an exact one has none."""

    value: float
    error: float = 0.0


@dataclass(frozen=True)
class Row:
    label: str
    figures: tuple[Figure | None, ...]  # None: the report says nothing there
    bound: Bound | None = None


@dataclass(frozen=True)
class Table:
    caption: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Size:
    """Simulated columns a figure."""

    small: int = 40_000  # 2 and 5 encodings
    large: int = 10_000  # 20 encodings

    def of(self, encodings: int) -> int:
        return self.large if encodings > 5 else self.small


def spelled(value: float) -> str:
    return f"{value:g}".replace("0.", ".")


def normal(generator: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    return generator.normal(RIVAL, 0.05, size)


def heavy(generator: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    return RIVAL + 0.02 * generator.standard_t(2, size)


def bimodal(share: float) -> Draw:
    def draw(generator: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
        return np.where(generator.random(size) < share, HIGH, LOW) + generator.normal(0, NOISE, size)

    return draw


def bimodal_median(share: float) -> float:
    """Where the distribution function is 1/2: for share 1/2 half way between the modes, else in the upper mode."""
    return (HIGH + LOW) / 2 if share == 0.5 else HIGH + NOISE * float(special.ndtri((share - 0.5) / share))


SHAPES: dict[str, tuple[Draw, float]] = {  # with the true median
    "normal": (normal, RIVAL),
    **{f"bimodal, p = {spelled(each)}": (bimodal(each), bimodal_median(each)) for each in (0.5, 0.8, 0.9)},
    "t with 2 df": (heavy, RIVAL),
}


@cache
def limits(pairs: int, seeds: int) -> np.ndarray:
    return np.array([allowed(count, pairs) for count in range(seeds + 1)])


def decided_at(differences: np.ndarray, pairs: int) -> tuple[np.ndarray, np.ndarray]:
    """For differences [..., n]: the seeds until one side is shown (n + 1: never), and if it is the first."""
    seeds = differences.shape[-1]
    wins = np.cumsum(differences > 0, axis=-1, dtype=np.int8)
    losses = np.cumsum(differences < 0, axis=-1, dtype=np.int8)
    crossed = np.minimum(wins, losses) <= limits(pairs, seeds)[wins + losses]
    first = crossed.argmax(axis=-1)
    ahead = np.take_along_axis(wins > losses, first[..., None], axis=-1)[..., 0]
    return np.where(crossed.any(axis=-1), first + 1, seeds + 1), ahead


@dataclass(frozen=True)
class Judged:
    """The verdicts on simulated columns after any number of seeds."""

    values: np.ndarray  # [columns, encodings, seeds]
    at: np.ndarray  # [columns, pairs]
    ahead: np.ndarray  # [columns, pairs]

    @property
    def auto(self) -> np.ndarray:
        """The seeds of each column when all its pairs are decided, or its cap is reached."""
        return np.minimum(self.at.max(axis=1), CAPS[self.values.shape[1]])

    def seeds(self, column: str) -> np.ndarray:
        return self.auto if column == AUTO else np.full(len(self.values), int(column))

    def told_apart(self, seeds: np.ndarray) -> np.ndarray:
        """Columns in which any pair is told apart."""
        return (self.at <= seeds[:, None]).any(axis=1)

    def best(self, seeds: np.ndarray) -> np.ndarray:
        """The encoding that is marked as the best of each column; -1 for none."""
        columns, encodings, _ = self.values.shape
        sums = np.cumsum(self.values, axis=-1)
        means = sums[np.arange(columns), :, seeds - 1] / seeds[:, None]
        ruled_out = np.zeros((columns, encodings), dtype=bool)
        for index, (first, second) in enumerate(combinations(range(encodings), 2)):
            shown, ahead = self.at[:, index] <= seeds, self.ahead[:, index]
            ruled_out[:, second] |= shown & ahead & (means[:, first] > means[:, second])
            ruled_out[:, first] |= shown & ~ahead & (means[:, second] > means[:, first])
        return np.where(ruled_out.sum(axis=1) == encodings - 1, ruled_out.argmin(axis=1), -1)

    def first_pair(self, column: str) -> np.ndarray:
        """The differences of the first two encodings on the seeds that a column of a table has."""
        return trained(self.values[:, 0] - self.values[:, 1], self.seeds(column))


def judged(values: np.ndarray) -> Judged:
    """The rule on values [columns, encodings, seeds]."""
    pairs = list(combinations(range(values.shape[1]), 2))
    found = [decided_at(values[:, first] - values[:, second], len(pairs)) for first, second in pairs]
    return Judged(values, *(np.stack(each, axis=1) for each in zip(*found, strict=True)))


def share(hits: np.ndarray) -> Figure:
    """A share of simulated columns, with the standard error of a share that is at least 1 / n off its end."""
    value = float(np.mean(hits))
    kept = min(max(value, 1 / len(hits)), 1 - 1 / len(hits))
    return Figure(value, math.sqrt(kept * (1 - kept) / len(hits)))


def mean(values: np.ndarray) -> Figure:
    return Figure(float(np.mean(values)), float(np.std(values)) / math.sqrt(len(values)))


def worst(rows: Sequence[Row], label: str, bound: Bound) -> Row:
    """The largest figure of each column."""
    highest = (max(each, key=lambda figure: figure.value) for each in zip(*(row.figures for row in rows), strict=True))
    return Row(label, tuple(highest), bound)


def by_seeds(of: Callable[[str], Figure | None]) -> tuple[Figure | None, ...]:
    return tuple(of(column) for column in COLUMNS)


def false_words(generator: np.random.Generator, size: Size) -> Table:
    """Any pair told apart, and "best", where all encodings are alike."""
    rows, best, bound = [], [], Bound(most=LEVEL)
    for encodings, cap in CAPS.items():
        crowned = []
        for shape, (draw, _) in SHAPES.items():
            own = judged(draw(generator, (size.of(encodings), encodings, cap)))
            told = by_seeds(lambda column, own=own: share(own.told_apart(own.seeds(column))))
            rows.append(Row(f"{encodings} encodings, {shape}", told, bound))
            crowned.append(Row("", by_seeds(lambda column, own=own: share(own.best(own.seeds(column)) >= 0))))
        best.append(worst(crowned, f'{encodings} encodings, "best", highest of the shapes', bound))
    caption = (
        f"Columns with any false word, all encodings alike ({size.small:,} columns; {size.large:,} of 20 encodings)"
    )
    return Table(caption, ("encodings and outcomes", *COLUMNS), (*rows, *best))


def skewed_words(generator: np.random.Generator, size: Size) -> Table:
    """ "Does better" of two encodings whose difference is skewed, and what the majority of seeds hides."""
    shape = (size.small, CAPS[2])
    cases = {
        "exponential difference, median 0": generator.exponential(1, shape) - math.log(2),
        "lognormal difference, median 0": generator.lognormal(0, 1, shape) - 1,
    }
    rows = []
    for label, differences in cases.items():
        at, _ = decided_at(differences, 1)
        rows.append(Row(label, by_seeds(lambda column, at=at: share(at <= most(column))), Bound(most=LEVEL)))
    for label, ahead in (("equal means", 0.0), ("its mean lower by .05", 0.05)):
        level = 0.9 * HIGH + 0.1 * LOW + ahead
        steady = level + generator.normal(0, NOISE, shape)
        own = judged(np.stack([bimodal(0.9)(generator, shape), steady], axis=1))
        told = by_seeds(lambda column, own=own: share(own.told_apart(own.seeds(column))))
        best = by_seeds(lambda column, own=own: share(own.best(own.seeds(column)) == 0))
        rows.append(Row(f"one fails 10 % of seeds and wins the others, {label}", told))
        rows.append(Row('the same: it is marked "best"', best))
    caption = f'"Does better" for a skewed difference of two encodings ({size.small:,} pairs)'
    return Table(caption, ("difference", *COLUMNS), tuple(rows))


def most(column: str) -> int:
    """The most seeds of a pair."""
    return CAPS[2] if column == AUTO else int(column)


def looked_at(differences: np.ndarray, column: str) -> np.ndarray:
    """The differences [pairs, seeds] that a column of a table has; NaN for seeds that are not trained."""
    at, _ = decided_at(differences, 1)
    seeds = np.minimum(at, CAPS[2]) if column == AUTO else np.full(len(differences), int(column))
    return trained(differences, seeds)


def covered(interval: np.ndarray, truth: float) -> Figure | None:
    low, high = interval
    return None if np.isnan(low).all() else share((low <= truth) & (truth <= high))


def trained(differences: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The differences of the seeds that are trained; NaN for the others."""
    return np.where(np.arange(differences.shape[1]) < seeds[:, None], differences, math.nan)


def t_bounds(values: np.ndarray) -> np.ndarray:
    count = (~np.isnan(values)).sum(axis=1)
    half = stats.t.ppf(0.975, count - 1) * np.nanstd(values, axis=1, ddof=1) / np.sqrt(count)
    return np.nanmean(values, axis=1) + np.stack([-half, half])


def coverage(generator: np.random.Generator, size: Size) -> Table:
    """The intervals of an encoding's paired difference to a rival that reaches the same value on every seed."""
    bound, shape, rows = Bound(least=COVERAGE), (size.small, CAPS[2]), []

    def add(label: str, of: Callable[[str], Figure | None], own: Bound | None = bound) -> None:
        rows.append(Row(label, by_seeds(of), own))

    shapes = {**SHAPES, "normal, effect of 1 SD": (lambda *given: normal(*given) + 0.05, RIVAL + 0.05)}
    for name, (draw, median) in shapes.items():
        own = draw(generator, shape) - RIVAL
        add(
            f"median, {name}",
            lambda column, own=own, truth=median - RIVAL: covered(median_bounds(looked_at(own, column)), truth),
        )
    for encodings in (5, 20):
        apart = judged(spaced(generator, (size.of(encodings), encodings, CAPS[encodings]), 2))
        add(
            f"median, normal, {encodings} encodings, each 2 SD better than the next",
            lambda column, own=apart: covered(median_bounds(own.first_pair(column)), -2 * math.sqrt(2)),
        )
    for ratio in (0.5, 2.0):
        error = 0.05 * ratio
        own = normal(generator, shape) - RIVAL + generator.normal(0, error, (size.small, 1))
        add(f"median, row error {spelled(ratio)} SD, widened", lambda column, own=own, by=error: wide(own, column, by))
        add("the same, not widened", lambda column, own=own: wide(own, column, 0.0), None)
    for solved in (0.5, 0.8, 0.9):
        own = bimodal(solved)(generator, shape) - RIVAL
        label = f"share solved, p = {spelled(solved)}"
        add(label, lambda column, own=own, truth=solved: share_covered(own, column, truth))
    for name in ("normal", "bimodal, p = .8", "bimodal, p = .9", "t with 2 df"):
        own = SHAPES[name][0](generator, shape) - RIVAL
        truth = float(name[-2:]) * (HIGH - LOW) + LOW - RIVAL if name.startswith("bimodal") else 0.0
        add(
            f"t interval of the mean, {name} (for comparison)",
            lambda column, own=own, truth=truth: covered(t_bounds(looked_at(own, column)), truth),
            None,
        )
    caption = f"Coverage of 95 % intervals ({size.small:,} pairs)"
    return Table(caption, ("interval and outcomes", *COLUMNS), tuple(rows))


def wide(differences: np.ndarray, column: str, error: float) -> Figure | None:
    own = looked_at(differences, column)
    return covered(widened(np.nanmedian(own, axis=1), median_bounds(own), error), 0.0)


def share_covered(differences: np.ndarray, column: str, truth: float) -> Figure | None:
    own = looked_at(differences, column)
    return covered(share_interval((own + RIVAL >= 0.9).sum(axis=1), (~np.isnan(own)).sum(axis=1)), truth)


def alike_on_every_seed(generator: np.random.Generator, size: Size) -> Table:
    """How often "alike on every seed" is said if one encoding fails some seeds, and how often its claim is false."""
    rows = []
    for fails in (0.1, 0.3, 0.5):
        shape = (size.small, CAPS[2])
        differences = np.where(generator.random(shape) < fails, LOW - HIGH, 0) + generator.normal(0, NOISE / 2, shape)
        inside = (1 - fails) * float(1 - 2 * stats.norm.sf(2 * MARGIN / NOISE))
        said, false = [], []
        for column in COLUMNS:
            own = looked_at(differences, column)
            claimed = np.array([alike_share(int(count)) for count in (~np.isnan(own)).sum(axis=1)])
            said.append(share(alike(own, MARGIN)))
            false.append(share(alike(own, MARGIN) & (claimed > inside)))
        rows += [
            Row(f"one fails {fails:.0%} of seeds: said".replace("%", " %"), tuple(said)),
            Row(f"one fails {fails:.0%} of seeds: claim false".replace("%", " %"), tuple(false), Bound(most=LEVEL)),
        ]
    caption = f'"Alike on every seed: with 95 % at least s of all seeds are" ({size.small:,} pairs)'
    return Table(caption, ("difference", *COLUMNS), tuple(rows))


def power(generator: np.random.Generator, size: Size) -> Table:
    """How often one encoding that is better than all others is found to beat one of them, and marked as the best."""
    rows = []
    for encodings, cap in CAPS.items():
        crowned = []
        for effect in (2, 3, 4):
            own = judged(led(generator, (size.of(encodings), encodings, cap), effect))
            bound = Bound(least=0.9, columns=(AUTO,)) if effect == 4 else None
            found = by_seeds(lambda column, own=own: share((own.at[:, 0] <= own.seeds(column)) & own.ahead[:, 0]))
            rows.append(Row(f"{encodings} encodings, {effect} SD: shown against one other", found, bound))
            crowned.append(by_seeds(lambda column, own=own: share(own.best(own.seeds(column)) == 0)))
        rows.append(Row(f'{encodings} encodings, 4 SD: alone "best"', crowned[-1], Bound(least=0.9, columns=(AUTO,))))
    caption = (
        f"Power: one encoding better than the others, which are alike ({size.small:,} columns; {size.large:,} of 20)"
    )
    return Table(caption, ("effect, in SD of the paired difference", *COLUMNS), tuple(rows))


def led(generator: np.random.Generator, size: tuple[int, int, int], effect: float) -> np.ndarray:
    """Normal values, of which the first encoding's are higher by so many SD of a difference."""
    values = generator.normal(size=size)
    values[:, 0] += effect * math.sqrt(2)
    return values


def spaced(generator: np.random.Generator, size: tuple[int, int, int], effect: float) -> np.ndarray:
    """Normal values, of which each encoding's are higher than those before it by so many SD of a difference."""
    return generator.normal(size=size) + effect * math.sqrt(2) * np.arange(size[1])[:, None]


def spent(generator: np.random.Generator, size: Size) -> Table:
    """The seeds that `auto` trains, if each encoding is better than the next by an equal effect."""
    effects, rows = (0, 1, 2, 3, 4), []
    for encodings, cap in CAPS.items():
        figures = []
        for effect in effects:
            figures.append(mean(judged(spaced(generator, (size.large, encodings, cap), effect)).auto))
        rows.append(Row(f"{encodings} encodings, cap {cap}", tuple(figures)))
    caption = f"Mean number of seeds that `auto` trains ({size.large:,} columns)"
    head = ("each better than the next by", *(f"{effect} SD" for effect in effects))
    return Table(caption, head, tuple(rows))


TABLES = (false_words, skewed_words, coverage, alike_on_every_seed, power, spent)


def calibrate(seed: int = 0, size: Size | None = None) -> list[Table]:
    """All tables. The seed decides every draw."""
    generator = np.random.default_rng(seed)
    return [make(generator, size or Size()) for make in TABLES]


def cell(figure: Figure | None) -> str:
    """Three decimals of a share, one of a number of seeds; a dash where the report says nothing."""
    if figure is None:
        return "–"
    return f"{figure.value:.1f}" if figure.value > 1 else f"{figure.value:.3f}".removeprefix("0")


def written(tables: Sequence[Table]) -> str:
    """The tables in Markdown."""
    return "\n".join(f"\n**{table.caption}**\n\n{grid(table)}" for table in tables) + "\n"


def grid(table: Table) -> str:
    bounded = any(row.bound for row in table.rows)
    head = [*table.head, *(["must hold"] if bounded else [])]
    rule = ["---", *["---:"] * (len(table.head) - 1), *(["---"] if bounded else [])]
    body = ([row.label, *map(cell, row.figures), *([str(row.bound or "")] if bounded else [])] for row in table.rows)
    return line(head) + f"|{'|'.join(rule)}|\n" + "".join(map(line, body))


def line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |\n"


def block(text: str) -> str:
    """What stands between the marks of the guide."""
    return text.partition(START)[2].partition(END)[0]


def rewrite(text: str, tables: Sequence[Table]) -> str:
    """The guide with these tables."""
    return text.replace(f"{START}{block(text)}{END}", f"{START}{written(tables)}{END}")


if __name__ == "__main__":
    GUIDE.write_text(rewrite(GUIDE.read_text(encoding="utf-8"), calibrate()), encoding="utf-8")
