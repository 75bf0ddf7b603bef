"""Lengths and shapes: the shortest rows, rows past the trained length, odd head widths, any number of heads."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import product

import torch

from benchmark.checks.outcome import Finding, held, listed, spared, within
from benchmark.checks.promises import FAR, SAME, Shifted
from benchmark.checks.subject import BATCH, LENGTH, SHAPE, Subject, largest, outputs, rows, worst
from benchmark.encodings.encoding import Encoding
from benchmark.model.transformer import Transformer
from benchmark.seeds import generator

STILL = 1e-9  # in float64, a smaller change counts as none
BEYOND = 2**17  # past the end of any table of a fixed size
LONG = 4096  # tokens of a row whose positions are looked at, and nothing else


@torch.no_grad()
def shortest(subject: Subject) -> Finding:
    """Rows of no token, and of one."""
    model, wrong = subject.model(), []
    for length in (0, 1):
        for eager in (False, True):
            hidden = outputs(model, rows(length), eager=eager)
            if hidden.shape != (BATCH, length, SHAPE.width) or not hidden.isfinite().all():
                wrong.append(str(length))
    return held(not wrong, f"lengths with a wrong shape or with values that are not finite: {listed(wrong)}")


@torch.no_grad()
def past_the_end(subject: Subject) -> Finding:
    """At 2.5 times the trained length outputs are finite, or refused by an encoding that declares where it ends."""
    model = subject.model()
    limit = model.encoding.max_length
    try:
        hidden = [outputs(model, rows(FAR), eager=eager) for eager in (False, True)]
        finite = all(each.shape == (BATCH, FAR, SHAPE.width) and bool(each.isfinite().all()) for each in hidden)
    except ValueError as error:
        known = limit is not None and limit < FAR
        return held(known, f"{FAR} tokens, trained for {LENGTH}, max_length {limit}: refused: {error}")
    said = f"{FAR} tokens, trained for {LENGTH}, max_length {limit}: accepted, "
    if limit is not None and limit < FAR:
        return held(False, f"{said}although that is longer than max_length")
    if limit is None and "unsupported" in subject.past:
        return held(False, f"{said}although `past` says {subject.past!r}")
    return held(finite, f"{said}{'finite' if finite else 'with values that are not finite'}")


@torch.no_grad()
def past_told_apart(subject: Subject) -> Finding:
    """Positions past the trained length are distinct, unless clamping or repeating them is declared."""
    model = subject.model().double()
    inner = model.encoding
    if inner.relative:
        return spared("relative: a shift changes nothing anyway")
    changes = {}
    # Past L, distances double too: there, an encoding may depend on nothing else.
    for here, there, stretched in ((0, LENGTH, 1), (2 * LENGTH, 2 * LENGTH + 1, 2), (BEYOND, BEYOND + 1, 2)):
        where = f"from position {here:,} to {there:,}" + " and twice as far apart" * (stretched > 1)
        try:
            changes[where] = _moved(model, inner, here, there, stretched)
        except ValueError:
            break  # refused: positions end before that
    if not changes:
        return spared(f"refused: positions end before {LENGTH + 7}")
    said = ", ".join(f"{where}: {change:.2g}" for where, change in changes.items())
    told_apart = all(change > STILL for change in changes.values())
    return held(declares_repeats(subject) or told_apart, f"change of outputs {said} (each must exceed {STILL:g})")


def _moved(model: Transformer, inner: Encoding, here: int, there: int, stretched: int) -> float:
    """The largest change of an output when all positions start elsewhere, at `stretched` times the distances."""
    seen = []
    for shifted in (Shifted(inner, here), Shifted(inner, there, stretched=stretched)):
        model.encodings[0] = shifted
        seen.append(outputs(model, rows(7)))
    return largest(seen[1] - seen[0])


@torch.no_grad()
def rising(subject: Subject) -> Finding:
    """Positions rise from each token to the next, in evaluation and in training.

    Spared are positions that follow from what the tokens are, such as a digit's place in its number, and those of an
    encoding that declares to repeat them.
    """
    encoding = subject.model().encoding
    sources = [(None, "evaluation"), *((generator("check", "rising", draw), "training") for draw in range(3))]
    steps = [
        (float(encoding.positions(rows(length), source).diff().amin()), f"in {when}, in a row of {length:,} tokens")
        for length, (source, when) in product((LENGTH, min(encoding.max_length or LONG, LONG)), sources)
    ]
    step, where = min(steps)
    said = f"smallest step from a token to the next: {step:g} {where}"
    if step > 0:
        return held(True, f"{said} (must exceed 0)")
    if not torch.equal(encoding.positions(rows()), encoding.positions(rows(seed=1))):
        return spared(f"positions follow from what the tokens are; {said}")
    if declares_repeats(subject):
        return spared(f"`past` says {subject.past!r}; {said}")
    return held(False, f"{said} (must exceed 0)")


def declares_repeats(subject: Subject) -> bool:
    """True if an encoding says that several positions count as one."""
    return "clamp" in subject.past or "repeat" in subject.past


def odd_head_width(subject: Subject) -> Finding:
    """Head widths 3, 5 and 7."""
    return _shapes(subject, ((1, 5), (6, 3), (3, 7)))


def head_counts(subject: Subject) -> Finding:
    """Head counts 3, 5 and 6."""
    return _shapes(subject, ((3, 2), (5, 4), (6, 4)))


@torch.no_grad()
def _shapes(subject: Subject, sizes: Iterable[tuple[int, int]]) -> Finding:
    """Both kernels agree, for several shapes (heads, head width)."""
    differences = {}
    for heads, width in sizes:
        shape = replace(SHAPE, width=heads * width, heads=heads)
        model = subject.model(shape)
        differences[f"{heads} x {width}"] = largest(outputs(model, rows()) - outputs(model, rows(), eager=True))
    return within(
        worst(differences.values()),
        SAME,
        f"heads x head width {listed(differences)}; largest difference between kernels",
    )
