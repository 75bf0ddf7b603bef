"""Scores that take no solving: by guessing blindly, from a target's own place, from training rows, or by a simple rule.

A guesser learns from some rows and is tested on others: for each context it gives the target that occurred with it most
often. Without context that is the most frequent token, with the place as context the most frequent one there, and with
the token at the target's own place any fixed rule by which that token gives the target away.

Rows cannot show whether an *earlier* token gives a target away: that is what recall asks for. For this there are the
rules that a task itself names (`Task.shortcuts`).
"""

import math

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from benchmark.checks.outcome import Finding, fact, held, spared
from benchmark.checks.problems import Problems, scored
from benchmark.metrics import METRICS, headlines
from benchmark.seeds import generator
from benchmark.tasks.task import SINGLES, UNSCORED, Batch, Task
from benchmark.training.asked import CONSTANT
from benchmark.training.held_out import HeldOut, problems_of

LEARNT_FROM, ASKED = 4096, 2048  # rows
STEP = 64  # training rows drawn at once
SHORTEST = 3  # lengths so short that many rows have a common beginning, and their answers can be compared
CERTAIN = 4  # standard deviations
READABLE = 0.1  # share of what chance leaves; a reader that gets more has found a leak
NOTHING_LEFT = 0.99  # a chance above it leaves nothing to learn
NEARLY = 0.9  # a rule that scores as much at the trained length is pointed out
LEAST_LEFT = 0.5  # share of training rows that must be left to score, the others being test rows

SHARES = tuple(name for name, metric in METRICS.items() if metric.bounded and metric.headline)  # of places, and of rows

Rates = dict[str, tuple[float, float]]  # metric -> value, and CERTAIN standard deviations of it


def chance(problems: Problems) -> Finding:
    """The claimed chance level is plausible: no lower than that of a blind guesser, and below a perfect score."""
    task, claims = problems.task(), problems.task().chance(problems.length)
    if "loss_nats" in claims:
        return _chance_loss(task, problems.length, claims["loss_nats"])
    rates = _claimed(claims)
    if not rates:
        allowed = ", ".join(headlines(language=task.language))
        return held(False, f"chance gives {', '.join(claims) or 'nothing'}, but must give one of {allowed}")
    learnt, asked = _rows(problems)
    blind = [accuracies(guess, asked) for guess in (_by_nothing(learnt, asked), _by_place(learnt, asked))]
    said, passed = [], True
    for metric, claim in rates.items():
        best, spread = max(each[metric] for each in blind)
        passed &= 0 <= claim < NOTHING_LEFT and best - spread <= claim
        said.append(f"{metric} {claim:.3g}; the most frequent token, overall or at each place, reaches {best:.3g}")
    return held(
        passed, f"{'; '.join(said)} (uniform {1 / task.vocabulary:.3g}; allowed: from that value to {NOTHING_LEFT})"
    )


def _chance_loss(task: Task, length: int, claim: float) -> Finding:
    """The same for a loss: that of token frequencies, on the test rows."""
    learnt = task.sample(LEARNT_FROM, length, generator("check", "learnt"))
    counts = torch.bincount(scored(learnt), minlength=task.vocabulary).double() + 1
    losses = -(counts / counts.sum()).log()
    rows = (row[row != UNSCORED] for batch in task.evaluation(length) for row in batch.targets)
    means = torch.stack([losses[row].mean() for row in rows if len(row)])
    blind, spread = float(means.mean()), CERTAIN * float(means.std(correction=0)) / len(means) ** 0.5
    said = (
        f"loss {claim:.4g} nats; token frequencies have {blind:.4g}, uniform guessing {math.log(task.vocabulary):.4g}"
    )
    return held(0 < claim <= blind + spread, f"{said} (allowed: above 0, up to {blind + spread:.4g})")


def balance(problems: Problems) -> Finding:
    """One constant answer scores no more on the test rows than chance, up to the luck that SINGLES answers leave."""
    task = problems.task()
    metric = task.metric
    if metric not in SHARES:
        return spared("its score is a loss, which no constant answer has")
    over: dict[float, str] = {}  # how far a score is above what is allowed -> what to say of it
    for length, asked in problems.asked.items():
        claim, found = asked.chance[metric], asked.shortcuts[CONSTANT][metric]
        allowed = claim + CERTAIN * (claim * (1 - claim) / SINGLES) ** 0.5
        over[found - allowed] = f"{metric} {found:.3g} at length {length}, chance {claim:.3g} (allowed {allowed:.3g})"
    worst = max(over)
    return held(worst <= 0, f"the best constant answer scores {over[worst]}")


def shortcuts(problems: Problems) -> Finding:
    """No rule that the task itself names as a shortcut solves its test rows at every length."""
    metric = problems.task().metric
    if metric not in SHARES:
        return spared("its score is a loss, which no rule has")
    asked = {length: each.shortcuts for length, each in problems.asked.items()}
    scores = {
        rule: [found[rule][metric] for found in asked.values()] for rule in asked[problems.length] if rule != CONSTANT
    }
    if not scores:
        return spared("the task names no rule in `shortcuts`")
    everywhere, rule = max((min(values), rule) for rule, values in scores.items())
    if everywhere >= NOTHING_LEFT:
        return held(False, f'the rule "{rule}" scores {metric} of at least {everywhere:.3g} at every length')
    at_length, rule = max((values[0], rule) for rule, values in scores.items())
    said = f'the rule "{rule}" scores {metric} {at_length:.3g} at length {problems.length}'
    if at_length >= NEARLY:
        return fact(f"{said} without the skill: values that it explains are marked in a report")
    return held(True, said)


def own_place(problems: Problems) -> Finding:
    """The input at a target's own place is not the target."""
    _, asked = _rows(problems)
    return _reads(problems, accuracies(asked.tokens, asked), "the input at the target's own place is the target")


def own_rule(problems: Problems) -> Finding:
    """No fixed rule, learned from other rows, maps the input at a target's own place to the target."""
    if _is_uncertain(problems.task()):
        return spared("in a text, the last word says much about the next, as it should")
    learnt, asked = _rows(problems)
    guesses = _guess(learnt.tokens, learnt, asked.tokens)
    return _reads(problems, accuracies(guesses, asked), "a fixed rule gives the target from the input at its own place")


def _reads(problems: Problems, rates: Rates, what: str) -> Finding:
    """A pass if a reader gets little of what chance leaves."""
    task = problems.task()
    claims = _claimed(task.chance(problems.length)) or {"token_accuracy": 1 / task.vocabulary}
    said, passed = [], True
    for metric, claim in claims.items():
        value, spread = rates[metric]
        allowed = claim + READABLE * (1 - claim)
        passed &= value - spread <= allowed
        said.append(f"{metric} {value:.3g} (chance {claim:.3g}, allowed {allowed:.3g})")
    return held(passed, f"{what}: {', '.join(said)}")


def _claimed(claims: dict[str, float]) -> dict[str, float]:
    return {metric: claims[metric] for metric in SHARES if metric in claims}


def _is_uncertain(task: Task) -> bool:
    """True if one beginning may have several answers, as in a text or wherever the loss is the headline."""
    return task.language or task.metric == "loss_nats"


def answerable(problems: Problems) -> Finding:
    """Rows that are equal up to a scored place have the same target there."""
    task = problems.task()
    if _is_uncertain(task):
        return spared("in a text, no word is certain")
    compared = wrong = 0
    for length in range(task.shortest(), task.shortest() + SHORTEST):
        batch = task.sample(ASKED, length, generator("check", "answers", length))
        for place in range(batch.tokens.shape[1]):
            alike, differ = _compare(batch, place)
            compared, wrong = compared + alike, wrong + differ
    if not compared:
        return spared("no two rows of the shortest lengths have a common beginning")
    return held(not wrong, f"{compared:,} beginnings occur more than once, {wrong:,} of them with different answers")


def _compare(batch: Batch, place: int) -> tuple[int, int]:
    """The number of beginnings that several rows share, and of those among them with more than one target."""
    asked = batch.targets[:, place] != UNSCORED
    if not asked.any():
        return 0, 0
    targets = batch.targets[asked, place]
    begun = batch.tokens[asked, : place + 1]
    _, which, counts = begun.unique(dim=0, return_inverse=True, return_counts=True)  # type: ignore[no-untyped-call]
    low = torch.full_like(counts, torch.iinfo(torch.int64).max).scatter_reduce(0, which, targets, "amin")
    high = torch.full_like(counts, UNSCORED).scatter_reduce(0, which, targets, "amax")
    return int((counts > 1).sum()), int((low != high).sum())


def apart(problems: Problems) -> Finding:
    """Training scores no test row of the trained length (`HeldOut`), and has enough other problems to score.

    Shorter lengths are checked too if training draws them and a view has rows of their width.
    """
    task, longest = problems.task(), problems.length
    batches = list(problems_of(task, longest))
    test = {row for batch in batches for row in _keys(batch.tokens)}
    widths = {batch.tokens.shape[1] for batch in batches}
    shorter = () if task.nested else range(task.shortest(), longest)
    held_out = HeldOut(task, longest)
    scored_rows: set[bytes] = set()
    left: dict[int, tuple[float, int]] = {}  # length -> share of its rows that training may score, rows drawn
    for length in (longest, *(length for length in shorter if task.tokens(length) in widths)):
        kept = drawn = 0
        for step in range(LEARNT_FROM // STEP):
            batch = task.sample(STEP, length, generator("data", problems.choice.entry.name, 0, step))
            rows = _scored_rows(held_out.out_of([batch])[0])
            scored_rows.update(rows)
            kept, drawn = kept + len(rows), drawn + len(batch.tokens)
        left[length] = kept / drawn, drawn
    met, least = len(test & scored_rows), min(left, key=lambda length: left[length])
    if task.exhaustive:
        said = f"`exhaustive`: training meets {met} of all {len(test)} problems of length {longest}"
        return spared(said) if scored_rows <= test else held(False, f"{said}, but also others")
    share, count = left[least]
    said = (
        f"of {len(test)} different test rows of length {longest} and its views, training scores {met}; {share:.0%} of "
    )
    return held(
        not met and share >= LEAST_LEFT,
        f"{said}{count:,} rows drawn at length {least} may be scored (at least {LEAST_LEFT:.0%} must)",
    )


def _scored_rows(batch: Batch) -> list[bytes]:
    return _keys(batch.tokens[(batch.targets != UNSCORED).any(dim=1)])


def _keys(tokens: Int[Tensor, "batch time"]) -> list[bytes]:
    return [row.numpy().tobytes() for row in tokens]


def accuracies(guesses: Int[Tensor, "batch time"], asked: Batch) -> Rates:
    """The share of correct tokens and of correct rows; deviations are over rows, whose tokens are not independent."""
    counted = asked.targets != UNSCORED
    right, count = _per_row((guesses == asked.targets) & counted), _per_row(counted)
    share, exact = right.sum() / count.sum(), (right == count)[count > 0].double()
    residual = (right - share * count).square().sum().sqrt() / count.sum()
    return {
        "token_accuracy": (float(share), CERTAIN * float(residual)),
        "exact_match": (float(exact.mean()), CERTAIN * float(exact.std(correction=0)) / len(exact) ** 0.5),
    }


def _per_row(places: Bool[Tensor, "batch time"]) -> Tensor:
    return places.sum(dim=1).double()


def _rows(problems: Problems) -> tuple[Batch, Batch]:
    """Rows to learn from and rows to test on: test rows, if drawn ones have another chance level, else drawn ones."""
    task, length = problems.task(), problems.length
    learnt = task.sample(LEARNT_FROM, length, generator("check", "learnt"))
    if not task.language and not task.balanced:
        return learnt, task.sample(ASKED, length, generator("check", "asked"))
    test = list(task.evaluation(length))
    tokens, targets = (torch.cat([getattr(batch, name) for batch in test]) for name in ("tokens", "targets"))
    return learnt, Batch(tokens=tokens, targets=targets)


def _by_nothing(learnt: Batch, asked: Batch) -> Tensor:
    return _guess(torch.zeros_like(learnt.tokens), learnt, torch.zeros_like(asked.tokens))


def _by_place(learnt: Batch, asked: Batch) -> Tensor:
    places = torch.arange(asked.tokens.shape[1])
    return _guess(places.expand_as(learnt.tokens), learnt, places.expand_as(asked.tokens))


def _guess(contexts: Tensor, learnt: Batch, asked: Tensor) -> Tensor:
    """For each context, the target that occurred with it most often; token 0 for a context that never occurred."""
    counted = learnt.targets != UNSCORED
    span = int(learnt.targets.max()) + 1
    both = contexts[counted] * span + learnt.targets[counted]
    pairs, counts = both.unique(return_counts=True)  # type: ignore[no-untyped-call]
    best = {pair // span: pair % span for pair in pairs[counts.argsort(stable=True)].tolist()}  # the last one wins
    table = torch.zeros(1 + int(max(contexts.max(), asked.max())), dtype=torch.int64)
    table[list(best)] = torch.tensor(list(best.values()))
    return table[asked]
