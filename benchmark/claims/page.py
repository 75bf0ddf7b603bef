"""The page of the ledger, and its section in an ordinary report: judgements as data for `reports.write`."""

import json
import math
from collections.abc import Iterator, Sequence

from benchmark.claims.claim import Claim, Exact, users_code
from benchmark.claims.evidence import conditions_of
from benchmark.claims.judging import Finding, Judgement, is_trained, judge
from benchmark.claims.moves import Move
from benchmark.claims.registry import registered
from benchmark.claims.sentences import (
    VERDICTS,
    decides,
    elsewhere,
    rows_for_programs,
    runs_for,
    source_of,
    thresholds,
    value_of,
)
from benchmark.reports.draw.canvas import render
from benchmark.reports.draw.graph import Graph, graph
from benchmark.reports.draw.thresholds import Strip
from benchmark.reports.draw.thresholds import thresholds as drawn
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.page import Page, Section
from benchmark.reports.page.selection import Selection, slug
from benchmark.reports.page.table import Field, Table
from benchmark.reports.page.views import View
from benchmark.reports.phrases import NOTHING
from benchmark.reports.words import listed, said, sentences, t


def build(judgements: Sequence[Judgement], moved: Sequence[Move]) -> Page:
    """The page of these judgements."""
    return Page(
        title=t("Claims about position encodings, held against measurement"),
        lead=t(
            "{n} published claims: what was said, what was measured here, and what that settles.", n=len(judgements)
        ),
        colors={},
        sections=(
            _summary(judgements),
            _retested(moved),
            *(_card(judgement) for judgement in judgements),
        ),
        footer=t(
            "Verdicts follow from the records on disk and from the thresholds in the files of the claims: the same "
            "records give the same page. A threshold has a version, so that changing it shows."
        ),
        data=json.dumps([row for each in judgements for row in rows_for_programs(each)], ensure_ascii=False, indent=1),
    )


def section(selection: Selection) -> Section | None:
    """The trained claims that the records of a report can judge; None if there are none."""
    trained = [claim for claim in registered().values() if is_trained(claim)]
    judged = [each for each in judge(trained, {}, conditions_of(selection)) if each.measured]
    if not judged:
        return None
    return Section(
        id="claims",
        title=t("Published claims"),
        lines=(
            t("What these records say about claims of the literature. Changing a threshold shows on the claims page."),
            controlled(judged),
        ),
        tables=(_overview(judged),),
        code="python -m benchmark claims",
    )


def controlled(judgements: Sequence[Judgement]) -> str:
    """How many claims were tested, and what that does to the chance of error."""
    tested = sum(is_trained(each.claim) and each.measured for each in judgements)
    return t(
        "{n} claims are judged from trained models together: the chance that any of them is wrongly called reproduced "
        "or refuted is at most 5 % (Holm, over the claims that have values). Inconclusive is a normal outcome.",
        n=tested,
    )


def _summary(judgements: Sequence[Judgement]) -> Section:
    return Section(
        id="summary",
        title=t("What holds here"),
        lines=(
            controlled(judgements),
            t(
                "A claim is reproduced if all its criteria are, and refuted if any is. Exact claims follow from a "
                "formula and are compared as they are. The verdict is that of the main setting; where another one "
                "shows the opposite, the claim is inconclusive. Verdicts of other settings are not among those whose "
                "error is controlled."
            ),
            t(
                "The first thresholds of the shipped claims were written down when the shipped reference run existed "
                "(five encodings, four tasks), and those of later versions when records existed that they judge. For "
                "such records they are no prediction; for new ones they are."
            ),
        ),
        tables=(_by_paper(judgements), _overview(judgements)),
    )


def _by_paper(judgements: Sequence[Judgement]) -> Table:
    papers: dict[str, list[Judgement]] = {}
    for each in judgements:
        papers.setdefault(each.claim.source.paper, []).append(each)
    return Table(
        caption=t("By paper: the claims with each verdict."),
        columns=(t("paper"), *(VERDICTS[word] for word in VERDICTS)),
        words=frozenset(range(1, 1 + len(VERDICTS))),
        rows=tuple((Field(text=said(paper)), *_of_paper(own)) for paper, own in papers.items()),
    )


def _of_paper(judgements: Sequence[Judgement]) -> Iterator[Field]:
    for word in VERDICTS:
        yield Field(text=listed(each.claim.id for each in judgements if each.word == word) or NOTHING)


def _overview(judgements: Sequence[Judgement]) -> Table:
    return Table(
        caption=t("Every claim, with the criterion that refutes it, or else the one that is hardest to reproduce."),
        columns=(t("claim"), t("verdict"), t("what was claimed"), t("criterion"), t("value"), t("source")),
        words=frozenset({1, 2, 3, 4, 5}),
        wraps=2,
        rows=tuple(
            (
                Field(text=each.claim.id),
                Field(text=VERDICTS[each.word]),
                Field(text=said(each.claim.sentence)),
                *_deciding(each),
                Field(text=source_of(each.claim)),
            )
            for each in judgements
        ),
    )


def _deciding(judgement: Judgement) -> tuple[Field, Field]:
    """The criterion that refutes a claim, or the one that is farthest from being reproduced."""
    known = [finding for finding in judgement.findings if finding.values]
    if not known:
        return Field(text=NOTHING), Field(text=NOTHING)
    if judgement.word == "refuted":
        found = max(known, key=lambda finding: finding.strength("refuted"))
    else:
        found = min(known, key=lambda finding: finding.strength("reproduced"))
    name, value, _ = _fields(found)
    return name, value


def _fields(finding: Finding) -> tuple[Field, Field, Field]:
    return (
        Field(text=said(finding.criterion.name)),
        Field(text=value_of(finding) or NOTHING),
        Field(text=thresholds(finding.criterion)),
    )


def _retested(moved: Sequence[Move]) -> Section:
    title = t("What was tested before")
    if not moved:
        return Section(
            id="retested",
            title=title,
            lines=(t("No claim has been tested again: thresholds, protocol and measuring code are unchanged."),),
        )
    return Section(
        id="retested",
        title=title,
        tables=(
            Table(
                caption=t("Claims tested again after a change, and how their verdicts moved."),
                columns=(t("claim"), t("what changed"), t("before"), t("now")),
                words=frozenset({1, 2, 3}),
                wraps=1,
                rows=tuple(
                    (
                        Field(text=each.claim.id),
                        Field(text=each.changed),
                        Field(text=VERDICTS[each.before]),
                        Field(text=VERDICTS[each.now]),
                    )
                    for each in moved
                ),
            ),
        ),
    )


def _card(judgement: Judgement) -> Section:
    claim = judgement.claim
    return Section(
        id=slug(claim.id),
        title=t("{id}: {verdict}", id=claim.id, verdict=VERDICTS[judgement.word]),
        lines=(t("“{sentence}”", sentence=said(claim.sentence)),),
        terms=tuple((term, meaning) for term, meaning in _terms(judgement) if meaning),
        tables=(_criteria(judgement),) if judgement.findings else (),
        exhibits=tuple(_exhibit(judgement)),
        code="\n".join(runs_for(judgement)) or None,
    )


def _terms(judgement: Judgement) -> Iterator[tuple[str, str]]:
    claim = judgement.claim
    yield t("Source"), t("{source}, {url}", source=source_of(claim), url=claim.source.url)
    yield t("What would decide it"), decides(judgement)
    yield t("Other settings"), sentences(*elsewhere(judgement))
    yield t("Applies to"), said(claim.scale)
    yield t("Limits"), said(claim.silent)
    yield t("Measured on"), listed(map(_models, judgement.views))
    yield t("Thresholds"), _version(claim)


def _models(view: View) -> str:
    return t(
        "{task}: width {width}, {layers} layers, L = {length}, {steps} steps",
        task=view.task,
        width=view.spec.model.width,
        layers=view.spec.model.layers,
        length=view.train_length,
        steps=f"{view.spec.budget.steps:,}",
    )


def _version(claim: Claim) -> str:
    return t("version {n}", n=claim.version)


def _criteria(judgement: Judgement) -> Table:
    return Table(
        caption=t("What is measured, and what it came to."),
        columns=(t("criterion"), t("what is measured"), t("value"), t("threshold")),
        words=frozenset({1, 2, 3}),
        wraps=1,
        rows=tuple(
            (name, Field(text=said(finding.criterion.quantity)), value, threshold)
            for finding in judgement.findings
            for name, value, threshold in (_fields(finding),)
        ),
    )


def _exhibit(judgement: Judgement) -> Iterator[Exhibit]:
    """The figure that decides it: the graph of its formula, or values against thresholds, of criteria with values."""
    known = [finding for finding in judgement.findings if finding.values]
    if not known:
        return
    evidence = judgement.claim.evidence
    of_formula = _graph(judgement.claim.id, evidence) if isinstance(evidence, Exact) else None
    if of_formula:
        title, caption, figure = t("The formula"), said(of_formula.caption), graph(of_formula)
    else:
        title, caption = t("Values against the thresholds"), _what_is_drawn(judgement, known)
        figure = drawn([_strip(finding) for finding in known])
    yield Exhibit(
        id=f"{slug(judgement.claim.id)}-values",
        title=title,
        alt=sentences(*(_in_words(finding) for finding in known)),
        caption=caption,
        models=tuple(sorted({model for model, _ in judgement.seen})),
        measured=len({measured for _, measured in judgement.seen}),
        picture=render(figure, "svg"),
        format="svg",
    )


def _graph(id: str, evidence: Exact) -> Graph | None:
    if evidence.graph is None:
        return None
    with users_code(id, "its graph"):
        return evidence.graph()


def _what_is_drawn(judgement: Judgement, known: Sequence[Finding]) -> str:
    if not is_trained(judgement.claim):
        return t("Dots: the values. The ranges that reproduce and refute the claim are shaded.")
    return t(
        "Dots: single values, {counts} of them; upright stroke: their median; line: its 95 % interval, from 6 "
        "values on. The ranges that reproduce and refute the claim are shaded.",
        counts=listed(len(finding.values) for finding in known),
    )


def _in_words(finding: Finding) -> str:
    return t(
        "{criterion}: {value}; {thresholds}.",
        criterion=said(finding.criterion.name),
        value=value_of(finding),
        thresholds=thresholds(finding.criterion),
    )


def _strip(finding: Finding) -> Strip:
    effect = finding.effect
    interval = effect.covers == "95 %"
    return Strip(
        title=said(finding.criterion.name),
        values=finding.values,
        median=effect.value,
        low=effect.low if interval else math.nan,
        high=effect.high if interval else math.nan,
        reproduced=finding.criterion.reproduced.ranges,
        refuted=finding.criterion.refuted.ranges,
    )
