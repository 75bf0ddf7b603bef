"""The runs that claims ask for, spelled once."""

from benchmark.experiments.changes import Changes
from benchmark.experiments.request import Request, Tune

SEEDS = 12  # 11 agree with anything shown among 30 claims; one more, since one may fail


def quick(
    encodings: str, tasks: str, *multiples: int, tune: bool = False, seeds: int = SEEDS, **changes: object
) -> Request:
    """A run of the preset quick with the seeds that a verdict takes; `changes` as on the command line: width=(32, 128).

    A verdict over tasks takes fewer `seeds` of each. Encodings adapted at test time are named beside the one that they
    adapt.
    """
    return Request(
        encodings=encodings,
        tasks=tasks,
        seeds=tuple(range(seeds)),
        multiples=tuple(sorted({1, *multiples})),
        tune=Tune() if tune else None,
        changes=Changes.model_validate(changes),
    )
