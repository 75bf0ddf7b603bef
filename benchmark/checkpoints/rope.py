"""A checkpoint's own rope, put under an encoding: its base, its rotated channels, and its own scaling.

The model's own rotary embedding is made neutral, and the encoding rotates instead. An encoding states its angles for a
plain rope of some base; where the checkpoint was trained with a scaled one, every frequency k of the encoding is
multiplied by

    own[k] / base ** (-2k / r)        own: the frequencies transformers computes from the checkpoint's config

so that `rope` turns by the checkpoint's own angles, and pi, ntk or self-extend change those. Source of the scalings:
transformers' `modeling_rope_utils.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.catalogue import Choice, label
from benchmark.catalogue.grammar import name_and_settings
from benchmark.checkpoints.facts import FULL, SLIDING, Facts, main_rope
from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.bases import Rotation, geometric
from benchmark.encodings.encoding import Encoding, Shape, Site
from benchmark.encodings.remap import Piece, Remap, Table
from benchmark.errors import UsageError
from benchmark.model.hooks import overrides

OWN = "rope"  # the encoding that every checkpoint here was trained with
PROBED, BLOCK = 13, 5  # tokens of a probe, and of its first block


class Neutral(nn.Module):
    """Stands for a model's rotary embedding and turns nothing: one cosine of 1 and one sine of 0 for all channels."""

    def forward(self, x: Tensor, position_ids: Tensor, layer_type: str | None = None) -> tuple[Tensor, Tensor]:
        return x.new_ones(1, 1, 1), x.new_zeros(1, 1, 1)


def fitted(choice: Choice, base: float) -> Choice:
    """The choice with the checkpoint's rope base wherever its own is the default."""
    inner, around = CATALOGUE.wrapped(choice), choice.entry.attributes.get("wraps")
    if inner is not None:
        own = fitted(inner, base)
        name, _ = name_and_settings(str(choice.parameters[str(around)]))
        spelled = label(name, own.parameters, own.entry.defaults)
        return Choice(entry=choice.entry, parameters={**choice.parameters, str(around): spelled})
    default = choice.entry.defaults.get("base")
    if not isinstance(default, float) or choice.parameters["base"] != default:
        return choice
    return Choice(entry=choice.entry, parameters={**choice.parameters, "base": base})


def shape_of(facts: Facts) -> Shape:
    """The sizes an encoding sees: a head is as wide as its rotated channels, so that exponents run over those."""
    return Shape(width=facts.rotated * facts.heads, heads=facts.heads, layers=facts.layers, train_length=facts.length)


def encodings(choice: Choice, facts: Facts, config: Any) -> tuple[Encoding, ...]:
    """The encoding of every layer; UsageError for one that a trained model cannot take."""
    own, shape = fitted(choice, facts.base), shape_of(facts)
    first = _put(make(own, shape), choice, config, FULL)
    rest = [
        _put(make(own, shape, layer=layer), choice, config, FULL) if first.per_layer else first
        for layer in range(1, facts.layers)
    ]
    local = _local(facts, config) if any(facts.local) else first
    return tuple(local if alone else each for alone, each in zip(facts.local, (first, *rest), strict=True))


def _local(facts: Facts, config: Any) -> Encoding:
    """Plain rope for layers that have their own."""
    base = config.rope_parameters[SLIDING]["rope_theta"]
    rope = CATALOGUE.choice("rope")
    return _put(make(fitted(rope, base), shape_of(facts)), rope, config, SLIDING)


def refuse_untrained(encoding: Encoding, label: str) -> None:
    """Raise UsageError for an encoding that a checkpoint cannot take because it was not trained with it."""
    remedy = "choose an encoding that adapts rope"
    if encoding.adapts not in (None, OWN):
        raise UsageError(f"{label} adapts models trained with {encoding.adapts}, not checkpoints: {remedy}")
    learned = sum(weight.numel() for weight in encoding.parameters())
    if learned or overrides(encoding, "embed"):
        why = f"has {learned} weights that must be learned" if learned else "adds to the token embeddings"
        raise UsageError(f"{label} {why}, which a trained checkpoint has no place for: {remedy}")
    if overrides(encoding, "rotate") and (why := _entangled(encoding)):
        raise UsageError(f"{label} {why}, so that a checkpoint cannot be read with it in blocks: {remedy}")


@torch.no_grad()
def _entangled(encoding: Encoding) -> str:
    """How the rotation of a key depends on more than its own values and position; "" if it does not."""
    shape = encoding.shape
    positions = encoding.positions(torch.zeros(1, PROBED, dtype=torch.long))
    x = torch.arange(shape.heads * PROBED * shape.head_width).view(1, shape.heads, PROBED, -1).float().sin()

    def turned(values: Tensor, first: int = 0) -> Tensor:
        own = positions[:, first:]
        return encoding.rotate(values, values, Site.of(values.new_empty(*own.shape, 0), own))[1]

    whole = turned(x)
    if whole.shape != x.shape:
        return "makes heads wider"
    if not encoding.length_aware and not torch.allclose(whole[:, :, BLOCK:], turned(x[:, :, BLOCK:], BLOCK), atol=1e-4):
        return "turns a token by the row that it stands in"
    other = torch.cat((x[:, :1] + 1, x[:, 1:]), dim=1)
    return "" if torch.equal(turned(other)[:, 1:], whole[:, 1:]) else "mixes heads"


def _put(encoding: Encoding, choice: Choice, config: Any, kind: str) -> Encoding:
    """An encoding with the checkpoint's own scaling under it."""
    refuse_untrained(encoding, choice.label)
    nested = kind in config.rope_parameters
    rope = config.rope_parameters[kind] if nested else main_rope(config)
    scaling = rope["rope_type"]
    if scaling == "default":
        return encoding.eval()
    turning = [each for each in encoding.modules() if isinstance(each, Rotation)]
    if not turning and overrides(encoding, "rotate"):
        raise UsageError(
            f"{choice.label} rotates in its own way, and the rope of this checkpoint is scaled ({scaling}): "
            "derive it from Rotation"
        )
    own = Scaling(config=config, kind=kind if nested else None, by_length=depends_on_length(rope))
    for each in turning:
        own.put_under(each)
    if own.by_length:
        encoding.length_aware = True
    return encoding.eval()


def depends_on_length(rope: Mapping[str, Any]) -> bool:
    """True if a scaling turns a token differently in longer rows."""
    if rope["rope_type"] == "longrope":
        return bool(rope["short_factor"] != rope["long_factor"])
    return bool(rope["rope_type"] == "dynamic")


def turns_heads_alike(encoding: Encoding, device: torch.device) -> bool:
    """True if the rotation of a key does not depend on its head, so that heads which share keys share rotated ones."""
    shape = encoding.shape
    positions = encoding.positions(torch.zeros(1, PROBED, dtype=torch.long, device=device))
    same = torch.ones(1, shape.heads, PROBED, shape.head_width, device=device)
    _, turned = encoding.rotate(same, same, Site.of(same.new_empty(1, PROBED, 0), positions))
    return bool((turned == turned[:, :1]).all())


def _turn_on_without(temperature: float, remap: Remap) -> None:
    """Keep a temperature out of the turns from the first piece to another, since the first has it already."""
    onwards = remap._onwards

    def bare(piece: Piece, keys: slice, site: Site, dtype: torch.dtype) -> tuple[Table, Table]:
        of_query, of_key = onwards(piece, keys, site, dtype)
        return _divided(of_query, temperature), _divided(of_key, temperature)

    remap._onwards = bare  # type: ignore[method-assign]


def _divided(table: Table, by: float) -> Table:
    return table[0] / by, table[1] / by


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The scaling of a checkpoint's rope."""

    config: Any
    kind: str | None  # of the layers, where kinds differ
    by_length: bool

    def put_under(self, rotation: Rotation) -> None:
        """Multiply the frequencies of an encoding by those of the checkpoint, relative to a plain rope."""
        plain: Callable[[torch.dtype, Site], Tensor] = rotation.theta
        rotation.temperature = rotation.temperature * self.own(None)[1]

        def theta(dtype: torch.dtype, site: Site) -> Tensor:
            return plain(dtype, site) * self.ratio(site).to(dtype)

        rotation.theta = theta  # type: ignore[method-assign]
        if isinstance(rotation, Remap):
            _turn_on_without(self.own(None)[1], rotation)

    def ratio(self, site: Site) -> Tensor:
        """Own frequencies over those of a plain rope of the same base, [r/2], on the site's device."""
        length = int(site.key_positions.max()) + 1 if self.by_length and site.key_positions.numel() else None
        own = self.own(length)[0].double()
        rope = self.config.rope_parameters[self.kind] if self.kind else self.config.rope_parameters
        plain = geometric(rope["rope_theta"], 2 * len(own), 2 * len(own), torch.float64, own.device)
        return (own / plain).float().to(site.key_positions.device)

    def own(self, length: int | None) -> tuple[Tensor, float]:
        """Frequencies [r/2] of the checkpoint for a row of some length, and what multiplies cosines and sines."""
        from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

        rope = self.config.rope_parameters[self.kind] if self.kind else self.config.rope_parameters
        compute = ROPE_INIT_FUNCTIONS[rope["rope_type"]]
        frequencies, factor = compute(self.config, torch.device("cpu"), seq_len=length, layer_type=self.kind)
        return frequencies, float(factor)
