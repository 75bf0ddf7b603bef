"""Promises of attention with any encoding: no future, no other rows, and the same values in every mode.

Each function is one check: it runs a small model in several ways that must agree, and reports how closely they do.
"""

from dataclasses import replace
from itertools import pairwise, product

import torch
from torch import Tensor

from benchmark.checks.outcome import Finding, held, spared, within
from benchmark.checks.subject import (
    LENGTH,
    SHAPE,
    VOCABULARY,
    Subject,
    attended,
    largest,
    modes,
    outputs,
    projected,
    rows,
    site_of,
    smallest,
    weights_at,
    worst,
)
from benchmark.encodings import make
from benchmark.encodings.bases import Wrapper
from benchmark.encodings.encoding import Encoding, Site
from benchmark.model.attention import attend
from benchmark.model.blocks import block
from benchmark.model.transformer import Cache, Transformer
from benchmark.seeds import generator

SAME = 1e-5  # the same value computed in two ways, in float32; outputs have unit variance
UNTOUCHED = 1e-6  # a value that must not change
REACHED = 1e-2  # the change of an output by its own token, which the residual stream carries
SHIFTS = (1, 97, 4096)
FAR = LENGTH * 5 // 2  # past the trained length
OVERFLOWS = 1e4  # times the queries: the exponential of a score is then infinite in float32
# A float32 angle is off by about 1e-7 of its position; a float64 angle is exact enough for the smaller bound.
FLOAT32_PER_TOKEN = 1e-7


class Shifted(Wrapper):
    """The encoding with all positions shifted by a number of tokens, after `stretched` times the distances."""

    def __init__(self, inner: Encoding, by: int, *, stretched: int = 1) -> None:
        super().__init__(inner.shape, inner)
        self.by = by
        self.stretched = stretched

    def positions(self, tokens: Tensor, generator: torch.Generator | None = None) -> Tensor:
        positions = self.inner.positions(tokens, generator)
        # float64: in float32, adding thousands to a fractional position would round it.
        return (positions.double() if positions.is_floating_point() else positions) * self.stretched + self.by


@torch.no_grad()
def no_future(subject: Subject) -> Finding:
    """Changing a token, each in turn, changes no output before it."""
    model, tokens = subject.model(), rows()
    leaks = []
    for eager in (False, True):
        before = outputs(model, tokens, eager=eager)
        for place in range(1, LENGTH):
            leaks.append(largest((_changed(model, tokens, place, eager) - before)[:, :place]))
    return within(worst(leaks), UNTOUCHED, "largest change of an output before the changed token")


@torch.no_grad()
def reaches_later(subject: Subject) -> Finding:
    """Changing a token, each in turn, changes its own output, by either kernel, and some later one."""
    model, tokens, own, later = subject.model(), rows(), [], []
    for eager in (False, True):
        before = outputs(model, tokens, eager=eager)
        changes = [_changed(model, tokens, place, eager) - before for place in range(LENGTH)]
        own += [largest(change[:, place]) for place, change in enumerate(changes)]
        later += [largest(change[:, place + 1 :]) for place, change in enumerate(changes[:-1])]
    return held(
        smallest(own) > REACHED and smallest(later) > UNTOUCHED,
        f"smallest change of a token's own output {smallest(own):.2g} (must exceed {REACHED:g}), of later ones "
        f"{smallest(later):.2g} (must exceed {UNTOUCHED:g})",
    )


@torch.no_grad()
def rows_apart(subject: Subject) -> Finding:
    """A row has the same outputs in a batch of one and in a batch with other rows."""
    model, tokens, others = subject.model(), rows(), rows(seed=1)
    beside = torch.stack((tokens[0], others[1], others[0]))
    differences = [
        largest(outputs(model, beside, eager=eager)[:1] - outputs(model, tokens[:1], eager=eager))
        for eager in (False, True)
    ]
    return within(worst(differences), UNTOUCHED, "largest change of a row when others are in its batch")


@torch.no_grad()
def shift(subject: Subject) -> Finding:
    """Shifting all positions, in float64, changes nothing if the encoding claims to be relative."""
    model = subject.model().double()
    changes = _shift_changes(model, rows(7))
    said = ", ".join(f"{change:.2g} at {by:,}" for by, change in changes.items()) or "no shift possible: positions end"
    exact = all(change <= max(1e-9, FLOAT32_PER_TOKEN * by) for by, change in changes.items())
    if model.encoding.relative:
        allowed = f"allowed 1e-09, or {FLOAT32_PER_TOKEN:g} per token where angles are float32"
        return held(exact, f"claimed; largest change under a shift: {said} ({allowed})")
    if exact and changes:
        return held(True, f"not claimed, yet a shift changes nothing ({said}): relative = True would be true")
    return held(True, f"not claimed; largest change under a shift: {said}")


def _shift_changes(model: Transformer, tokens: Tensor) -> dict[int, float]:
    """The largest change of an output under each shift that the encoding's positions allow."""
    inner, before, changes = model.encoding, outputs(model, tokens), {}
    for by in SHIFTS:
        model.encodings[0] = Shifted(inner, by)
        try:
            changes[by] = largest(outputs(model, tokens) - before)
        except ValueError:
            if inner.relative and inner.max_length is None:
                raise
            break  # its table ends before that
    return changes


@torch.no_grad()
def acts(subject: Subject) -> Finding:
    """The same weights without any encoding give other outputs, unless the encoding claims to do nothing."""
    model, tokens = subject.model(), rows()
    with_it = outputs(model, tokens)
    model.encodings = torch.nn.ModuleList([make("none", SHAPE)])
    change = largest(with_it - outputs(model, tokens))
    if subject.acts == "nothing":
        return within(change, UNTOUCHED, "claims to do nothing; largest difference from no encoding")
    if subject.around_nothing:
        return spared(f"built around one that does nothing; largest difference from no encoding {change:.2g}")
    return held(change > 1e-4, f"largest difference from no encoding {change:.2g} (must exceed 0.0001)")


@torch.no_grad()
def cache(subject: Subject) -> Finding:
    """Decoding with a cache, in steps of several sizes, gives the outputs of the full pass."""
    model, tokens = subject.model(), rows()
    if model.encoding.length_aware:
        return spared("length_aware: the outputs of earlier tokens change as the row grows, so they cannot be cached")
    whole = outputs(model, tokens)
    differences = []
    for steps, eager in product(([1] * LENGTH, [5, 1, 3, 2], [LENGTH]), (False, True)):
        held_back = Cache()
        parts = [
            model(part, cache=held_back, weights=[] if eager else None) for part in torch.split(tokens, steps, dim=1)
        ]
        differences.append(largest(torch.cat(parts, dim=1) - whole))
    return within(worst(differences), SAME, "largest difference between decoding and the full pass")


@torch.no_grad()
def blocks(subject: Subject) -> Finding:
    """Blocks of queries, as in the evaluation of long rows, give the values of the full pass in every layer."""
    model, differences = subject.model(), []
    for causal, layer in product(modes(model.encoding), range(SHAPE.layers)):
        site, encoding = site_of(model, rows(), layer, causal=causal), model.encoding_of(layer)
        q, k, v = projected(model, site)
        q, k = encoding.rotate(q, k, site)
        whole = _mixed(q, k, v, site, encoding)
        for start, stop in pairwise((0, 1, 4, LENGTH)):
            part = block(site, start, stop)
            keys = part.key_positions.shape[1]
            own = _mixed(q[..., start:stop, :], k[..., :keys, :], v[..., :keys, :], part, encoding)
            differences.append(largest(own - whole[..., start:stop, :]))
    return within(worst(differences), SAME, "largest difference between blocks and the full pass")


def _mixed(q: Tensor, k: Tensor, v: Tensor, site: Site, encoding: Encoding) -> Tensor:
    mixed, _ = attend(q, k, v, site, encoding, scale=SHAPE.head_width**-0.5)
    return mixed


@torch.no_grad()
def left_padding(subject: Subject) -> Finding:
    """Rows of 11 and 7 tokens, padded on the left with tokens that no query may see, keep their values."""
    model, lengths, width = subject.model(), (LENGTH, 7), 13
    if model.encoding.length_aware:
        return spared("length_aware: it counts keys, and padding adds some")
    differences = []
    for layer, eager in product(range(SHAPE.layers), (False, True)):
        alone = [site_of(model, rows()[row : row + 1, :count], layer) for row, count in enumerate(lengths)]
        together = attended(model, _padded(alone, width), eager=eager)
        for row, site in enumerate(alone):
            expected = attended(model, site, eager=eager)
            differences.append(largest(together[row : row + 1, width - lengths[row] :] - expected))
    return within(worst(differences), SAME, "largest difference between a padded row and the row on its own")


def _padded(sites: list[Site], width: int) -> Site:
    """Several rows in one batch, aligned to the right; a padding token is at position 0 and sees only itself."""
    first = sites[0]
    hidden = torch.randn(
        len(sites), width, first.hidden.shape[-1], generator=generator("check", "padding"), dtype=first.hidden.dtype
    )
    positions = first.key_positions.new_zeros(len(sites), width)
    visible = torch.eye(width, dtype=torch.bool).repeat(len(sites), 1, 1, 1)
    for row, site in enumerate(sites):
        pads = width - site.hidden.shape[1]
        hidden[row, pads:] = site.hidden[0]
        positions[row, pads:] = site.key_positions[0]
        visible[row, 0, pads:, pads:] = site.visible[0, 0]
    return replace(
        first,
        hidden=hidden,
        query_positions=positions,
        key_positions=positions,
        mask=visible,
        shared={},
    )


def windows(subject: Subject) -> Finding:
    """Outputs and gradients stay finite if each query sees only itself and the key before it."""
    model, not_finite = subject.model(), []
    for layer, eager in product(range(SHAPE.layers), (False, True)):
        model.zero_grad()
        full = site_of(model, rows(), layer)
        near = full.visible & ~full.visible.tril(-2)
        mixed = attended(model, replace(full, mask=near, shared={}), eager=eager)
        mixed.sum().backward()  # type: ignore[no-untyped-call]
        found = {"outputs": mixed, **{f"the gradient of {name}": each for name, each in _gradients(model).items()}}
        not_finite += [what for what, value in found.items() if not value.isfinite().all()]
    said = ", ".join(dict.fromkeys(not_finite)) or "none"
    return held(not not_finite, f"not finite under a window of two tokens: {said}")


def _gradients(model: Transformer) -> dict[str, Tensor]:
    return {name: weight.grad for name, weight in model.named_parameters() if weight.grad is not None}


@torch.no_grad()
def weights(subject: Subject) -> Finding:
    """Attention weights are from 0 to 1, sum to at most 1 over a query's keys, and are 0 where a key is hidden.

    Also in padded rows, in decoding, past the trained length, and where the exponentials of scores overflow.
    """
    model, outside, above, hidden = subject.model(), [], [], []
    long = min(model.encoding.max_length or FAR, FAR)
    for causal, layer in product(modes(model.encoding), range(SHAPE.layers)):
        row = site_of(model, rows(), layer, causal=causal)
        asked = site_of(model, rows(long), layer, causal=causal, queries=2)
        for site, sharper in ((row, 1.0), (_padded([row], LENGTH + 2), 1.0), (asked, 1.0), (row, OVERFLOWS)):
            given = weights_at(model, site, sharper=sharper)
            outside.append(largest(given - given.clamp(0, 1)))
            above.append(largest((given.sum(-1) - 1).clamp(min=0)))
            hidden.append(largest(given * ~site.visible))
    return held(
        worst(outside) <= UNTOUCHED and worst(above) <= SAME and worst(hidden) == 0,
        f"farthest outside [0, 1]: {worst(outside):.2g} (allowed {UNTOUCHED:g}); largest sum of a query's weights "
        f"above 1: {worst(above):.2g} (allowed {SAME:g}); largest weight on a hidden key: {worst(hidden):.2g} "
        "(allowed 0)",
    )


@torch.no_grad()
def both_ways(subject: Subject) -> Finding:
    """Without a causal mask, earlier tokens see the last one, or the model refuses."""
    model, tokens = subject.model(), rows()
    if model.encoding.causal_only:
        try:
            outputs(model, tokens, causal=False)
        except ValueError:
            return held(True, "causal_only: refused, as declared")
        return held(False, "causal_only, but not refused")
    last = LENGTH - 1
    changes = [
        _changed(model, tokens, last, eager, causal=False) - outputs(model, tokens, eager=eager, causal=False)
        for eager in (False, True)
    ]
    seen = smallest(largest(change[:, :last]) for change in changes)
    return held(
        seen > UNTOUCHED,
        f"change of earlier outputs when the last token changes {seen:.2g} (must exceed {UNTOUCHED:g})",
    )


def _changed(model: Transformer, tokens: Tensor, place: int, eager: bool, *, causal: bool = True) -> Tensor:
    """The outputs with another token at one place."""
    changed = tokens.clone()
    changed[:, place] = (changed[:, place] + 1) % VOCABULARY
    return outputs(model, changed, eager=eager, causal=causal)
