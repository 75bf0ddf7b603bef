"""The checks of a task, and `check`, which runs all of them: in seconds, before any training.

Rows cannot show that a task matches its definition: that takes golden examples, written by hand. Nor can they show
whether an earlier token gives an answer away, since finding it there is what a recall task asks for.
"""

import torch

from benchmark.catalogue import Choice
from benchmark.checks import guessing, problems
from benchmark.checks.outcome import Check, Outcome, run
from benchmark.checks.problems import Problems
from benchmark.metrics import headlines

CHECKS: tuple[Check[Problems], ...] = (
    Check(
        name="says what it is",
        measure=problems.description,
        remedy="set title, group, definition, source (a URL) and metric (one of "
        f"{', '.join(headlines(language=False))}) to literals; with numbers = True, digits holds the ten ids of 0 "
        "to 9; with segments = True, marks holds the ids that end one, each once",
    ),
    Check(
        name="every length works",
        measure=problems.every_length,
        remedy="return `size` rows from `sample` at any length from shortest() up, at least one row from `evaluation`, "
        "and the metric from `chance`; or raise shortest()",
    ),
    Check(
        name="arrays",
        measure=problems.arrays,
        remedy="return Batch(tokens=..., targets=...), both int64 of shape [rows, tokens]: use .long(), and "
        ".expand(...).clone() where one is narrower",
    ),
    Check(
        name="width of a row",
        measure=problems.width,
        remedy="count the marks (BOS, SEP) in tokens(length) too, and pad all rows of one length to one width",
    ),
    Check(
        name="ids in the vocabulary",
        measure=problems.vocabulary,
        remedy="`vocabulary` is one more than the largest id, marks included; torch.randint excludes its upper bound",
    ),
    Check(
        name="a scored target in every row",
        measure=problems.scores,
        remedy="put the answer's tokens into `targets`, or raise shortest() to a length that has something to ask",
    ),
    Check(
        name="same generator, same batch",
        measure=problems.same_batch,
        remedy="pass generator=generator to every torch.randint, torch.randperm and torch.rand, use no other source of "
        "randomness, and keep no state between calls",
    ),
    Check(
        name="another generator, another batch",
        measure=problems.other_batch,
        remedy="draw from the generator that is passed in, and do not seed it",
    ),
    Check(
        name="test rows are fixed",
        measure=problems.fixed_test,
        remedy="make a new generator at every call of `evaluation`, as Synthetic does",
    ),
    Check(
        name="global random state is unchanged",
        measure=problems.random_state,
        remedy="seed nothing globally, and draw only from generators that are passed in or made there",
    ),
    Check(
        name="test rows were not trained on",
        measure=guessing.apart,
        remedy="if most problems of a trained length are test rows, train on a longer one, or put fewer into views; "
        "`exhaustive` is for a task with so few problems that the test asks all of them",
    ),
    Check(
        name="answers follow from earlier tokens",
        measure=guessing.answerable,
        remedy="a target may depend only on the tokens up to its own place: is it shifted too far to the left, or "
        "drawn independently of the tokens?",
    ),
    Check(
        name="target is not its own input",
        measure=guessing.own_place,
        remedy="the model sees the token at a target's own place: shift the answer in `tokens` one place to the right "
        "of that in `targets`; if it must stand there, count it in `chance`",
    ),
    Check(
        name="no rule from its own input",
        measure=guessing.own_rule,
        remedy="the token at a target's own place determines it: ask for a target that needs other tokens; if it must "
        "stand there, count it in `chance`",
    ),
    Check(
        name="chance",
        measure=guessing.chance,
        remedy="count in `chance` what is free (a mark that is always at the same place, the most common answer); a "
        "task that chance solves shows nothing",
    ),
    Check(
        name="test rows are balanced",
        measure=guessing.balance,
        remedy="if a row has one short answer, set `balanced = True`, and the test has all answers equally often; "
        "else raise `problems`, or count a common answer in `chance`",
    ),
    Check(
        name="no named shortcut solves it",
        measure=guessing.shortcuts,
        remedy="ask for what the rule gets wrong: a problem that it solves at every length shows nothing else",
    ),
    Check(
        name="nonsensical parameters",
        measure=problems.parameters,
        remedy="raise a ValueError in __init__ that names the parameter, its value and the allowed values",
    ),
    Check(
        name="size",
        measure=problems.sizes,
        remedy="make `sample` work at 16 times the trained length",
    ),
    Check(
        name="speed",
        measure=problems.speed,
        remedy="make `sample` work at 16 times the trained length",
    ),
)


def check(choice: Choice, train_length: int) -> list[Outcome]:
    """Run every check, in the order of the table."""
    subject = Problems(choice=choice, train_length=train_length)
    # A task may draw from the global generators, which a check then reports: the caller's state is restored.
    with torch.random.fork_rng(devices=[]):
        return [run(each, subject) for each in CHECKS]
