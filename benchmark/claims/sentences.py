"""What is said about a judgement, in the reader's language: its verdict, its thresholds, and what would decide it."""

import math
from collections.abc import Iterator
from typing import Any

from benchmark.claims.claim import Claim, Criterion, Exact, OutOfScale, Trained
from benchmark.claims.judging import SIDES, Finding, Judgement
from benchmark.experiments.request import Request
from benchmark.experiments.runs import command
from benchmark.reports.words import Phrases, joined, later, listed, said, sentences, t

VERDICTS = Phrases(
    {
        "reproduced": later("reproduced"),
        "refuted": later("refuted"),
        "inconclusive": later("inconclusive"),
        "not measurable": later("not measurable at this scale"),
    }
)
OF_CRITERION = ("criterion", "quantity", "value", "low", "high", "covers", "n", "reproduced_if", "refuted_if")
UNITS = Phrases(
    {"seed": later("seeds"), "task": later("tasks"), "model": later("models"), "document": later("documents")}
)


def value_of(finding: Finding) -> str:
    """The value, with its interval, and how many values are behind it: "0.143 [0.128, 0.203], n = 9"."""
    if not finding.values:
        return ""
    if finding.exact:
        return f"{finding.effect.value:.4g}"
    return t("{value}, n = {n}", value=finding.effect.spelled("z.3f"), n=len(finding.values))


def thresholds(criterion: Criterion) -> str:
    """The bounds of a criterion: "reproduced if < 0.02, refuted if > 0.1"."""
    return t(
        "reproduced if {for_}, refuted if {against}", for_=str(criterion.reproduced), against=str(criterion.refuted)
    )


def source_of(claim: Claim) -> str:
    """The paper and the place in it."""
    return listed(part for part in (said(claim.source.paper), said(claim.source.place)) if part)


def decides(judgement: Judgement) -> str:
    """What would decide an inconclusive claim, or why it cannot be measured; "" where it is decided."""
    if judgement.word in SIDES:
        return ""
    return sentences(*_decides(judgement))


def runs_for(judgement: Judgement) -> tuple[str, ...]:
    """The commands that would decide it: those of records that it lacks, or with the seeds that it takes."""
    evidence = judgement.claim.evidence
    if judgement.word != "inconclusive" or not isinstance(evidence, Trained):
        return ()
    if judgement.lacks:
        return tuple(command(request) for request in evidence.needs)
    if not judgement.more_seeds or judgement.split or evidence.unit not in ("seed", "document"):
        return ()  # no number of seeds is likely to
    have = max(len(finding.values) for finding in judgement.findings)
    return tuple(command(_seeded(request, have + judgement.more_seeds)) for request in evidence.needs[:1])


def elsewhere(judgement: Judgement) -> Iterator[str]:
    """A sentence for each other condition."""
    for each in judgement.elsewhere:
        if each.reason:
            yield t("{condition}: not measurable. {reason}", condition=each.evidence.words, reason=said(each.reason))
            continue
        values = listed(
            t("{criterion} {value}", criterion=said(own.criterion.name), value=value_of(own))
            for own in each.beside(judgement.findings)
        )
        yield t(
            "{condition}: {verdict} ({values}).",
            condition=each.evidence.words,
            verdict=VERDICTS[each.word],
            values=values,
        )


def _decides(judgement: Judgement) -> Iterator[str]:
    evidence = judgement.claim.evidence
    if isinstance(evidence, OutOfScale) or judgement.word == "not measurable":
        yield said(judgement.reason)
    elif isinstance(evidence, Exact):
        yield _exactly(judgement)
    elif judgement.contradicted:
        yield _depends(judgement)
    elif not judgement.measured:
        yield t("No record serves it yet.")
    else:
        yield from _of_sample(judgement, UNITS[evidence.unit])


def _exactly(judgement: Judgement) -> str:
    if not judgement.measured:
        return t("Not measured yet: python -m benchmark claims {id}", id=judgement.claim.id)
    return t("The value lies between the thresholds.")


def _depends(judgement: Judgement) -> str:
    """That another condition shows what the main one does not."""
    return t(
        "It depends on the setting: {main} in the main one, {others}.",
        main=VERDICTS[judgement.shown],
        others=listed(
            t("{verdict} in “{condition}”", verdict=VERDICTS[each.word], condition=each.evidence.words)
            for each in judgement.elsewhere
            if each.word in SIDES and each.word != judgement.shown
        ),
    )


def _of_sample(judgement: Judgement, unit: str) -> Iterator[str]:
    if any(each.word in SIDES for each in judgement.elsewhere):
        yield _depends(judgement)
    if judgement.lacks:
        yield t("Without a value: {names}.", names=joined(said(each.name) for each in judgement.lacks))
    if judgement.more_seeds and not (judgement.lacks and judgement.leans == "reproduced"):
        if judgement.split:
            yield from _split(judgement, unit)
        elif judgement.more_seeds == 1:
            yield t(
                "The values lean to “{verdict}”. It would be shown if one more agreed.",
                verdict=VERDICTS[judgement.leans],
            )
        else:
            yield t(
                "The values lean to “{verdict}”. It would be shown if the next {n} {unit} all agreed.",
                verdict=VERDICTS[judgement.leans],
                n=judgement.more_seeds,
                unit=unit,
            )
    between = [each for each in judgement.findings if each.values and each.leans == "inconclusive"]
    if between and judgement.leans == "inconclusive":
        yield t(
            "Between the thresholds: {names}. More {unit} would not decide that; a larger model or budget may.",
            names=joined(said(each.criterion.name) for each in between),
            unit=unit,
        )
    excluding = [each for each in judgement.findings if _excludes_it(each)]
    if excluding:
        yield t(
            "“{verdict}” is excluded by the 95 % interval of {names}, taken singly.",
            verdict=VERDICTS["reproduced"],
            names=joined(said(each.criterion.name) for each in excluding),
        )


def _split(judgement: Judgement, unit: str) -> Iterator[str]:
    """Which criteria more seeds would hardly decide, and how far they are from it."""
    yield t(
        "Undecided: {names}. More {unit} are unlikely to settle it; longer training or a larger model might.",
        names=listed(
            t(
                "{criterion} ({n} of {all} {unit} lean to “{verdict}”)",
                criterion=said(each.criterion.name),
                n=len(each.values) - each.outside(judgement.leans),
                all=len(each.values),
                unit=unit,
                verdict=VERDICTS[judgement.leans],
            )
            for each in judgement.split
        ),
        unit=unit,
    )


def _excludes_it(finding: Finding) -> bool:
    """True if no value within the interval of a criterion would reproduce the claim: all criteria must."""
    low, high, covers = finding.effect.low, finding.effect.high, finding.effect.covers
    return bool(finding.values) and covers == "95 %" and not finding.criterion.reproduced.meets(low, high)


def _seeded(request: Request, seeds: int) -> Request:
    return request.model_copy(update={"seeds": tuple(range(seeds))})


def rows_for_programs(judgement: Judgement) -> Iterator[dict[str, Any]]:
    """A row for each criterion: numbers, and None where there is none."""
    claim = judgement.claim
    shared = {
        "claim": claim.id,
        "version": claim.version,
        "sentence": claim.sentence,
        "source": f"{source_of(claim)}, {claim.source.url}",
        "verdict": judgement.word,
    }
    after = {"decides": decides(judgement), "runs": list(runs_for(judgement))}
    if not judgement.findings:
        yield {**shared, **dict.fromkeys(OF_CRITERION), **after}
    for finding in judgement.findings:
        yield {**shared, **_of_criterion(finding), **after}


def _of_criterion(finding: Finding) -> dict[str, Any]:
    criterion, effect = finding.criterion, finding.effect
    numbers = {"value": effect.value, "low": effect.low, "high": effect.high}
    return {
        "criterion": criterion.name,
        "quantity": criterion.quantity,
        **{name: value if math.isfinite(value) else None for name, value in numbers.items()},  # JSON has no NaN
        "covers": effect.covers,
        "n": len(finding.values),
        "reproduced_if": str(criterion.reproduced),
        "refuted_if": str(criterion.refuted),
    }
