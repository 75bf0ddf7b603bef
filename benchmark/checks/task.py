"""The table of checks of a task, and `check`, which holds one to all of them: in seconds, before any training.

Rows alone cannot say whether a task is what its definition means: that takes golden examples, written by hand. Nor can
they say whether an earlier token gives an answer away, since to find it there is what a recall task asks for.
"""

import torch

from benchmark.catalogue import Choice
from benchmark.checks import guessing, problems
from benchmark.checks.outcome import Check, Outcome, run
from benchmark.checks.problems import Problems
from benchmark.metrics import HEADLINES

CHECKS: tuple[Check[Problems], ...] = (
    Check(
        name="says what it is",
        measure=problems.description,
        remedy="set title, group, definition, source (a URL) and metric (one of "
        f"{', '.join(HEADLINES)}) to literals; with numbers = True, digits holds the ten ids of 0 to 9",
    ),
    Check(
        name="every length works",
        measure=problems.every_length,
        remedy="let `sample` give `size` rows of any length from shortest() up, `evaluation` at least one row, and "
        "`chance` the metric; or raise shortest()",
    ),
    Check(
        name="arrays",
        measure=problems.arrays,
        remedy="return Batch(tokens=..., targets=...), both int64 of [rows, tokens]: .long(), and .expand(...).clone() "
        "where one is narrower",
    ),
    Check(
        name="width of a row",
        measure=problems.width,
        remedy="let tokens(length) count the marks too (BOS, SEP), and fill rows of one length up to one width",
    ),
    Check(
        name="ids in the vocabulary",
        measure=problems.vocabulary,
        remedy="`vocabulary` is one more than the largest id, marks included; torch.randint leaves out its upper bound",
    ),
    Check(
        name="a scored target in every row",
        measure=problems.scores,
        remedy="put the answer's tokens into `targets`, or raise shortest() to where there is something to ask",
    ),
    Check(
        name="same generator, same batch",
        measure=problems.same_batch,
        remedy="pass generator=generator to every torch.randint, torch.randperm and torch.rand, use no other source of "
        "chance, and keep no state between calls",
    ),
    Check(
        name="another generator, another batch",
        measure=problems.other_batch,
        remedy="draw from the generator that is given, and do not seed it",
    ),
    Check(
        name="test rows are fixed",
        measure=problems.fixed_test,
        remedy="let `evaluation` draw from a generator that it makes anew at every call, as Synthetic does",
    ),
    Check(
        name="random state is left alone",
        measure=problems.random_state,
        remedy="seed nothing globally, and draw from generators alone",
    ),
    Check(
        name="test rows were not trained on",
        measure=guessing.apart,
        remedy="if most problems of a length that is trained are test rows, train on a longer one, or let views have "
        "fewer; `exhaustive` is for a task that has so few that the test asks them all",
    ),
    Check(
        name="answers are decided by what stands before",
        measure=guessing.answerable,
        remedy="a target may depend on the tokens up to its own place alone: is it shifted too far to the left, or "
        "drawn apart from the tokens?",
    ),
    Check(
        name="target is not its own input",
        measure=guessing.own_place,
        remedy="the model is given the token at a target's own place: move the answer in `tokens` one place to the "
        "right of that in `targets`; if it must stand there, count it in `chance`",
    ),
    Check(
        name="no rule from its own input",
        measure=guessing.own_rule,
        remedy="the token at a target's own place decides it: ask for one that takes another token to know; if it "
        "must stand there, count it in `chance`",
    ),
    Check(
        name="chance",
        measure=guessing.chance,
        remedy="count in `chance` what is free (a mark that always stands at one place, the commonest answer); a task "
        "that chance solves shows nothing",
    ),
    Check(
        name="parameters that make no sense",
        measure=problems.parameters,
        remedy="raise a ValueError in __init__ that names the parameter, its value and what is allowed",
    ),
    Check(
        name="size",
        measure=problems.sizes,
        remedy="let `sample` accept 16 times the trained length",
    ),
    Check(
        name="speed",
        measure=problems.speed,
        remedy="let `sample` accept 16 times the trained length",
    ),
)


def check(choice: Choice, train_length: int) -> list[Outcome]:
    """The outcome of every check, in the order of the table."""
    subject = Problems(choice=choice, train_length=train_length)
    # What draws from the global generators is found out, and the caller's are as before.
    with torch.random.fork_rng(devices=[]):
        return [run(each, subject) for each in CHECKS]
