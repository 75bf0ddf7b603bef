"""What a KV cache must hold for each token besides its key and its value, measured on the hooks.

An encoding that reads the input of the attention (`Site.hidden`) may need more of an earlier token than its key: FoX
its gate, PaTH a direction. How many numbers that is follows from the derivative of later queries' attention weights by
the inputs of earlier tokens, whose keys stay as they are. Its rank is how many numbers about those tokens matter. As
much as it grows with each further token must be kept for each; the rest, such as a running sum, once for a row. Where
rotated keys depend on inputs, but stay the same as the row goes on, they are kept in place of the keys.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
import torch.nn.functional as F
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
SPARE = 8  # later queries beyond the numbers that they have to tell apart
STEP = 1e-4  # of an input, in float64
RANK = 1e-6  # a singular value below this share of the largest counts as none
SMALLEST = 1e-300  # weight
STILL = 1e-12  # a smaller change counts as none
AT_ONCE = 64  # inputs that are changed, each in a row of its own


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


@torch.no_grad()
def bytes_kept(subject: Subject) -> int | None:
    """Bytes for each token beyond keys and values; None if no cache can serve the encoding."""
    model = subject.model(QUICK).double()
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
    # Of one token, `most` numbers matter, so as many random directions in its input stand for all.
    most = rank(row.derivative(_in_turn(torch.eye(width, dtype=torch.float64), GROWTH, (GROWTH // 2,))))
    if not most:
        return QUICK.heads * wider
    directions = torch.randn(most, width, generator=generator("check", "directions"), dtype=torch.float64)
    few = 4 + ONCE // most  # more than a short convolution reaches
    count = FIRST + GROWTH + few
    derivative = Row.of(model, layer, count, most).derivative(_in_turn(directions, count, range(FIRST, count)))
    # The last tokens are in both, as those that a convolution reaches are among them.
    growth = rank(derivative) - rank(derivative[-few * most :])
    return QUICK.heads * wider + round(growth / GROWTH)


def _in_turn(directions: Tensor, earlier: int, tokens: Iterable[int]) -> Tensor:
    """Each direction [D, C] in each of some tokens, zeros in the others, [tokens * D, earlier, C]."""
    return torch.cat([F.pad(directions[:, None], (0, 0, token, earlier - token - 1)) for token in tokens])


def rank(derivative: Tensor) -> int:
    """The rank of a matrix with more columns than rows, up to errors of rounding and of finite differences."""
    squares = torch.linalg.eigvalsh(derivative @ derivative.T)  # of its singular values
    return int((squares > RANK**2 * squares.amax()).sum())


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
    def rotated(self) -> Tensor:
        """Rotated keys, [1, H, K, their width]."""
        return self._rotated(self.inputs)[1]

    @cached_property
    def keeps_rotated(self) -> bool:
        """True if rotated keys depend on inputs, and not on those of later tokens."""
        earlier, before = self.site.first_query, self.rotated
        changed = self._rotated(self._changed(slice(earlier)))[1]
        later = self._rotated(self._changed(slice(earlier, None)))[1]
        return largest(changed - before) > STILL >= largest((later - before)[:, :, :earlier])

    @cached_property
    def reads_inputs(self) -> bool:
        """True if weights of later queries, or rotated keys, change with the inputs of earlier tokens."""
        changed = self._changed(slice(self.site.first_query))
        return self.keeps_rotated or largest(self.logits(changed) - self.logits(self.inputs)) > STILL

    def derivative(self, directions: Tensor) -> Tensor:
        """The derivative of later queries' weights by inputs of earlier tokens, along directions [N, earlier, C]."""
        earlier, changes = self.site.first_query, []
        for part in torch.split(STEP * directions, AT_ONCE):
            moved = F.pad(part, (0, 0, 0, self.inputs.shape[1] - earlier))
            change = self.logits(self.inputs + moved) - self.logits(self.inputs - moved)
            changes.append(change[..., :earlier].flatten(1))
        return torch.cat(changes)

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
