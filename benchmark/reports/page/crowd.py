"""Many encodings in one figure: a few are drawn strong, the others thin and light behind them.

Strong are the classic encodings, which keep their colour in every figure, the reference, and the best mean at the
longest length. All others stay in the legend, in the order of their right ends.

Convention: up to MANY encodings all are strong.
"""

from benchmark.reports.words import t

MANY = 10


def crowded() -> str:
    """What a reader must know of a figure with many encodings."""
    return t(
        "Where there are more than {many} encodings, the classic ones, the reference and the best at the longest "
        "length are drawn strong, the others thin and without their band. Pointing at any of them reads its interval.",
        many=MANY,
    )
