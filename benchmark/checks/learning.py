"""Requirements of training: correct gradients from every kernel, reproducible randomness, and the schedule."""

from itertools import product

import torch
from torch import Tensor

from benchmark.checks.outcome import Finding, held, listed, spared, within
from benchmark.checks.promises import SAME
from benchmark.checks.randomness import states
from benchmark.checks.subject import (
    BATCH,
    LENGTH,
    SHAPE,
    Subject,
    gradients,
    largest,
    modes,
    outputs,
    rows,
    weighted_sum,
    worst,
)
from benchmark.encodings import build, make
from benchmark.model.hooks import overrides
from benchmark.model.transformer import Transformer
from benchmark.seeds import generator

# Step and allowed error of finite differences: in float64, and for an encoding that computes in float32 internally.
STEPS = ((1e-6, 1e-5), (1e-3, 1e-2))


def reach(subject: Subject) -> Finding:
    """Each of the encoding's own weights gets a finite gradient that is not zero everywhere."""
    model = subject.model()
    own = _own(model)
    if not own:
        return spared("it has no weights of its own")
    reached = gradients(model, rows())
    without = [name for name in own if name not in reached or not reached[name].count_nonzero()]
    broken = [name for name in own if name in reached and not reached[name].isfinite().all()]
    said = f"{len(own)} own weights; without a gradient: {listed(without)}; with a NaN or inf: {listed(broken)}"
    return held(not without and not broken, said)


def finite_differences(subject: Subject) -> Finding:
    """The slope along a random direction in each own weight and in the token embeddings.

    Not torch.autograd.gradcheck: it reports no number, and would fail any encoding that computes in float32
    internally, which is allowed.
    """
    model = subject.model().double()
    own = _own(model)
    for step, allowed in STEPS:
        error = worst(_slope_error(model, name, step) for name in ("embedding", *own))
        if error <= allowed:
            break
    return within(error, allowed, f"largest error of a slope, over the token embeddings and {len(own)} own weights")


def _slope_error(model: Transformer, name: str, step: float) -> float:
    """The slope by backpropagation minus that by central difference, relative to the gradient's norm."""
    weight, tokens = dict(model.named_parameters())[name], rows(7)
    gradient = gradients(model, tokens, eager=True).get(name, torch.zeros_like(weight))
    start, direction = weight.detach().clone(), torch.randn(weight.shape, generator=generator("check", "way", name))
    values = []
    with torch.no_grad():
        for sign in (1, -1):
            weight.copy_(start + sign * step * direction)
            values.append(float(weighted_sum(outputs(model, tokens, eager=True))))
        weight.copy_(start)
    slope = float((gradient * direction).sum())
    return abs(slope - (values[0] - values[1]) / (2 * step)) / max(float(gradient.norm()), 1e-3)


@torch.no_grad()
def same_outputs(subject: Subject) -> Finding:
    """The fastest kernel and eager attention agree, with a causal mask and, where defined, without one."""
    model, tokens = subject.model(), rows()
    differences = [
        largest(outputs(model, tokens, causal=causal) - outputs(model, tokens, eager=True, causal=causal))
        for causal in modes(model.encoding)
    ]
    return within(worst(differences), SAME, "largest difference of outputs")


def same_gradients(subject: Subject) -> Finding:
    """The gradients of both kernels agree, each relative to its largest value."""
    model, tokens, differences = subject.model(), rows(), [0.0]
    for causal in modes(model.encoding):
        fused = gradients(model, tokens, causal=causal)
        eager = gradients(model, tokens, eager=True, causal=causal)
        for name in fused.keys() | eager.keys():
            if name not in fused or name not in eager:
                return held(False, f"{name} gets a gradient from only one of the kernels")
            differences.append(_relative(fused[name], eager[name]))
    return within(worst(differences), SAME, "largest difference of gradients, each relative to its largest value")


def _relative(actual: Tensor, expected: Tensor) -> float:
    return largest(actual - expected) / max(largest(expected), 1e-12)


def random_state(subject: Subject) -> Finding:
    """Building and running an encoding draw from no global generator."""
    model, before = subject.model(), states()  # in this order: torch's own layers draw when a model is built
    make(subject.choice, SHAPE)
    outputs(model, rows())
    after = states()
    changed = [name for name in before if before[name] != after[name]]
    return held(not changed, f"global generators changed by building or running: {listed(changed)}")


def seeded(subject: Subject) -> Finding:
    """Equal seeds give equal weights; if any are drawn, other seeds give other weights."""
    first, again, other = (make(subject.choice, SHAPE, seed=seed).state_dict() for seed in (3, 3, 4))
    unequal = [name for name in first if not torch.equal(first[name], again[name])]
    if unequal:
        return held(False, f"equal seeds give different values of {listed(unequal)}")
    drawn = [name for name in first if not torch.equal(first[name], other[name])]
    if not drawn and _reseeds(subject):
        return held(False, "every seed gives the same weights: __init__ sets a seed of its own")
    return held(True, f"equal seeds give equal weights; drawn from the seed: {listed(drawn)}")


def _reseeds(subject: Subject) -> bool:
    """True if building leaves torch's generator in one state, whatever state it started in."""
    left = []
    with torch.random.fork_rng(devices=[]):
        for seed in (3, 4):
            torch.manual_seed(seed)
            build(subject.choice, SHAPE)
            left.append(torch.get_rng_state())
    return torch.equal(*left)


@torch.no_grad()
def repeatable(subject: Subject) -> Finding:
    """The same tokens give the same outputs twice, bit for bit."""
    model, tokens = subject.model(), rows()
    differences = [
        largest(outputs(model, tokens, eager=eager) - outputs(model, tokens, eager=eager)) for eager in (False, True)
    ]
    return within(worst(differences), 0.0, "largest difference of two passes")


@torch.no_grad()
def sampled(subject: Subject) -> Finding:
    """Positions in training have the right shape and depend only on the generator."""
    model, tokens = subject.model(), rows()
    draw = model.encoding.positions
    first, again, other = (draw(tokens, generator("check", "positions", seed)) for seed in (3, 3, 4))
    if first.dim() != 2 or first.shape[0] not in (1, BATCH) or first.shape[1] != LENGTH:
        return held(False, f"positions of {BATCH} rows of {LENGTH} tokens have shape {list(first.shape)}")
    if not torch.equal(first, again):
        return held(False, "equal generators give different positions")
    finite = model(tokens, sampler=generator("check", "positions", 3)).isfinite().all()
    kind = "drawn from the generator" if not torch.equal(first, other) else "the same for every generator"
    return held(bool(finite), f"positions in training: {kind}; outputs {'are' if finite else 'are not'} finite")


@torch.no_grad()
def schedule(subject: Subject) -> Finding:
    """Both kernels agree at the start of training and near its end."""
    model = subject.model()
    if not overrides(model.encoding, "schedule"):
        return spared("it has no schedule")
    differences = []
    for done, eager in product((0.0, 0.999), (False, True)):
        model.schedule(done)
        differences.append(largest(outputs(model, rows(), eager=eager) - outputs(model, rows(), eager=not eager)))
    return within(worst(differences), SAME, "largest difference between kernels, at 0 and at 0.999 of training")


def _own(model: Transformer) -> dict[str, Tensor]:
    """The encoding's trained weights, by name."""
    named = model.named_parameters()
    return {name: weight for name, weight in named if name.startswith("encodings.") and weight.requires_grad}
