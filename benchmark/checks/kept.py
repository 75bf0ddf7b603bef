"""What a KV cache must hold for each token besides its key and its value, measured on the hooks.

An encoding that reads the input of the attention (`Site.hidden`) may need more of an earlier token than its key: FoX
its gate, PaTH a direction. How many numbers that is follows from the derivative of later queries' attention weights by
the inputs of earlier tokens, whose keys stay as they are. Its rank is how many numbers about those tokens matter. As
much as it grows with each further token must be kept for each; the rest, such as a running sum, once for a row. Where
rotated keys depend on inputs, but stay the same as the row goes on, they are kept in place of the keys.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from benchmark.checks.outcome import Finding, fact, spared
from benchmark.checks.subject import QUICK, VOCABULARY, Subject, largest
from benchmark.encodings.encoding import Encoding, Site
from benchmark.model.attention import attention_weights
from benchmark.model.transformer import Transformer
from benchmark.seeds import generator

BYTES = 4  # of a number in float32
FIRST = 2  # tokens that are not counted, as hardly any key comes before them
ONCE = 48  # numbers that a row may keep once: so many are reached before growth is measured
GROWTH = 8  # tokens over which it is measured
SPARE = 8  # later queries, and sums, beyond the numbers that they have to tell apart
LONGEST = 256  # tokens; the rows are shorter, so no table ends within them
RANK = 1e-10  # a singular value below this share of the largest counts as none
SMALLEST = 1e-300  # weight
STILL = 1e-12  # a smaller change counts as none
AT_ONCE = 64  # sums whose derivatives are taken together, each in a row of its own


def kept(subject: Subject) -> Finding:
    """Bytes for each token beyond keys and values, in the model of the preset `quick`."""
    own = bytes_kept(subject)
    if own is None:
        return spared("length_aware: outputs of earlier tokens change as the row grows, so no cache can hold them")
    usual = BYTES * 2 * QUICK.width * QUICK.layers
    return fact(
        f"{own:,} bytes for each token, beside {usual:,} of keys and values: float32, {QUICK.layers} layers of width "
        f"{QUICK.width}"
    )


def bytes_kept(subject: Subject) -> int | None:
    """Bytes for each token beyond keys and values; None if no cache can serve the encoding."""
    model = replace(subject, size=QUICK).long_model(LONGEST).double()
    if model.encoding.length_aware:
        return None
    return BYTES * sum(_numbers(model, layer) for layer in range(QUICK.layers))


def _numbers(model: Transformer, layer: int) -> int:
    """The numbers to be kept for each token in a layer."""
    width = QUICK.width
    row = Row.of(model, layer, GROWTH, width)
    if not row.reads_inputs:
        return 0
    wider = row.rotated.shape[-1] - QUICK.head_width if row.keeps_rotated else 0
    most = rank(row.derivative(width + SPARE)[:, GROWTH // 2])  # numbers of one token that matter
    if not most:
        return QUICK.heads * wider
    few = 4 + ONCE // most  # more than a short convolution reaches
    longer = Row.of(model, layer, FIRST + GROWTH + few, most)
    # So many random directions in the input of a token stand for all.
    directions = torch.randn(width, most, generator=generator("check", "directions"), dtype=torch.float64)
    derivative = longer.derivative((GROWTH + few) * most + SPARE)[:, FIRST:] @ directions
    # The last tokens are in both, as those that a convolution reaches are among them.
    growth = rank(derivative.flatten(1)) - rank(derivative[:, -few:].flatten(1))
    return QUICK.heads * wider + round(growth / GROWTH)


def rank(derivative: Tensor) -> int:
    """The rank of a matrix, up to rounding."""
    values = torch.linalg.svdvals(derivative)
    return int((values > RANK * values[0]).sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """Earlier tokens and later queries in one layer, with random inputs, queries and keys."""

    encoding: Encoding
    site: Site
    q: Tensor  # [1, H, later, D]
    k: Tensor  # [1, H, K, D]

    @classmethod
    def of(cls, model: Transformer, layer: int, earlier: int, told_apart: int) -> "Row":
        """A row whose later queries tell so many numbers apart about each earlier token."""
        draws, encoding, shape = generator("check", "kept"), model.encoding_of(layer), model.shape
        count = earlier + told_apart + SPARE
        hidden = torch.randn(1, count, shape.width, generator=draws, dtype=torch.float64)
        q, k = torch.randn(2, 1, shape.heads, count, shape.head_width, generator=draws, dtype=torch.float64)
        tokens = torch.randint(VOCABULARY, (1, count), generator=draws)
        site = Site.of(hidden, model.encoding.positions(tokens), queries=count - earlier)
        return cls(encoding=encoding, site=replace(site, layer=layer), q=q[:, :, earlier:], k=k)

    @property
    def inputs(self) -> Tensor:
        """[1, K, C]."""
        return self.site.hidden

    @cached_property
    @torch.no_grad()
    def rotated(self) -> Tensor:
        """Rotated keys, [1, H, K, their width]."""
        return self._rotated(self.inputs)[1]

    @cached_property
    @torch.no_grad()
    def keeps_rotated(self) -> bool:
        """True if rotated keys depend on inputs, and not on those of later tokens."""
        earlier, before = self.site.first_query, self.rotated
        changed = self._rotated(self._changed(slice(earlier)))[1]
        later = self._rotated(self._changed(slice(earlier, None)))[1]
        return largest(changed - before) > STILL >= largest((later - before)[:, :, :earlier])

    @cached_property
    @torch.no_grad()
    def reads_inputs(self) -> bool:
        """True if weights of later queries, or rotated keys, change with the inputs of earlier tokens."""
        changed = self._changed(slice(self.site.first_query))
        return self.keeps_rotated or largest(self.logits(changed) - self.logits(self.inputs)) > STILL

    def derivative(self, sums: int) -> Tensor:
        """Derivatives of random sums of later queries' weights by the inputs of earlier tokens, [sums, earlier, C]."""
        draws, earlier, found = generator("check", "sums"), self.site.first_query, []
        for start in range(0, sums, AT_ONCE):
            inputs = self.inputs.repeat(min(AT_ONCE, sums - start), 1, 1).requires_grad_()
            with torch.enable_grad():
                logits = self.logits(inputs)[..., :earlier]
                total = (logits * torch.randn(logits.shape, generator=draws, dtype=logits.dtype)).sum()
            found.append(torch.autograd.grad(total, inputs)[0][:, :earlier])
        return torch.cat(found)

    def logits(self, inputs: Tensor) -> Tensor:
        """Logarithms of later queries' weights [B, H, later, K], for inputs [B, K, C]; rotated keys stay if kept."""
        q, k = self._rotated(inputs)
        if self.keeps_rotated:
            k = self.rotated.expand(len(inputs), -1, -1, -1)
        scale = self.encoding.shape.head_width**-0.5
        weights = attention_weights(q, k, replace(self.site, hidden=inputs, shared={}), self.encoding, scale)
        return weights.clamp(min=SMALLEST).log()  # far tokens, whose weights are small, count as much as near ones

    def _rotated(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        many = (len(inputs), -1, -1, -1)
        site = replace(self.site, hidden=inputs, shared={})
        return self.encoding.rotate(self.q.expand(many), self.k.expand(many), site)

    def _changed(self, tokens: slice) -> Tensor:
        changed = self.inputs.clone()
        changed[:, tokens] = changed[:, tokens].flip(-1)
        return changed
