"""How many seeds solve a task at all: if some do and some do not, the mean describes none of them.

    solved = value >= .9,   rate = solved / n,   interval: Clopper and Pearson's exact 95 % binomial interval

8 of 8 say no more than "at least .63". Only for accuracies and exact match: a loss has no such threshold.

Convention: a seed without a value (diverged, failed, unsupported) is left out, and n < seeds shows it.
"""

from benchmark.reports.stats.estimate import Estimate
from benchmark.reports.stats.intervals import share_interval

SOLVED = 0.9  # the least accuracy that counts as solved


def solve_rate(solved: int, n: int) -> Estimate:
    """The share of seeds that solve a task, of n with a value, with its exact 95 % interval; NaN for none."""
    low, high = share_interval(solved, n)
    return Estimate(value=solved / n if n else float("nan"), low=float(low), high=float(high), n=n)
