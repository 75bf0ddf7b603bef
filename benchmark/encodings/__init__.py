"""The registry of position encodings, name -> module. A test checks this table against the folder.

Nothing here imports torch; `make` does, when it builds an encoding.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from benchmark.catalogue import Catalogue, Choice, Entry

if TYPE_CHECKING:
    from benchmark.encodings.encoding import Encoding, Shape

TABLE = {
    "abacus": "abacus",
    "alibi": "alibi",
    "cope": "cope",
    "dape": "dape",
    "drop": "drop",
    "fire": "fire",
    "fope": "fope",
    "fox": "fox",
    "hope": "hope",
    "hybrid": "hybrid",
    "kerple-log": "kerple_log",
    "kerple-power": "kerple_power",
    "leaky-rerope": "leaky_rerope",
    "learned": "learned",
    "llama3": "llama3",
    "logn": "logn",
    "none": "none",
    "ntk": "ntk",
    "ntk-dynamic": "ntk_dynamic",
    "p-rope": "p_rope",
    "path": "path",
    "pi": "pi",
    "pope": "pope",
    "randomized": "randomized",
    "rerope": "rerope",
    "rope": "rope",
    "sandwich": "sandwich",
    "selective-rope": "selective_rope",
    "self-extend": "self_extend",
    "shaw": "shaw",
    "sinusoidal": "sinusoidal",
    "stick-breaking": "stick_breaking",
    "t5": "t5",
    "xl": "xl",
    "xpos": "xpos",
    "yarn": "yarn",
    "yarn-paper": "yarn_paper",
}

GROUPS = {"classic": ("none", "sinusoidal", "learned", "alibi", "rope")}
# Groups that follow from what an encoding's file says.
RULES: dict[str, Callable[[Entry], bool]] = {
    "test-time": lambda entry: entry.attributes.get("adapts") is not None,
    "temperature": lambda entry: entry.attributes.get("group") == "temperature",
    "content": lambda entry: entry.attributes.get("group") == "content",
    "remap": lambda entry: "Remap" in entry.bases,
    "bias": lambda entry: entry.attributes.get("acts") == "bias",
    # A wrapper does not rotate: it scales what its base rotates.
    "rotation": lambda entry: entry.attributes.get("acts") == "rotation" and not entry.attributes.get("wraps"),
}

# Names that people look for, and what they are here.
ALIASES = {
    "absolute": "absolute positions are 'learned' or 'sinusoidal' here",
    "attention-with-linear-biases": "ALiBi is 'alibi' here",
    "cable": "Cable (arXiv 2503.08067) is 'fox' with the gate's sign turned",
    "contextual": "contextual positions (CoPE, arXiv 2405.18719) are 'cope' here",
    "directional-rope": "DRoPE (arXiv 2503.15029) turns headings of traffic agents and is not here; DroPE is 'drop'",
    "drope": "DroPE (arXiv 2512.12167) is 'drop' here",
    "dynamic": "transformers' rope type dynamic is 'ntk-dynamic' here",
    "forgetting": "the Forgetting Transformer is 'fox' here",
    "forgetting-transformer": "the Forgetting Transformer is 'fox' here",
    "fourier": "Fourier positions (FoPE, arXiv 2412.17739) are 'fope' here",
    "gpt-neox": "GPT-NeoX's partial RoPE is 'rope:fraction=0.25' here",
    "kerple": "KERPLE has two kernels: 'kerple-log' and 'kerple-power'",
    "linear": "linear scaling, as transformers calls it, is position interpolation: 'pi' here",
    "log-n": "log-length scaling is 'logn' here",
    "no-position": "no position encoding is 'none' here",
    "nope": "NoPE, no position encoding, is 'none' here",
    "ntk-aware": "NTK-aware scaling is 'ntk' here, and with the row's own factor 'ntk-dynamic'",
    "partial-rope": "RoPE on some of the channels is 'rope:fraction=0.25' here; without its slowest pairs, 'p-rope'",
    "polar": "polar coordinates (PoPE, arXiv 2509.10534) are 'pope' here",
    "position-interpolation": "position interpolation is 'pi' here",
    "proportional": "transformers' rope type proportional is 'p-rope' here",
    "relative": "relative positions are 'shaw', 'xl' or, as a bias, 't5' here",
    "rnope": "RNoPE (arXiv 2501.18795) is 'hybrid' here; with its window, RNoPE-SWA, 'hybrid:window=32'",
    "roformer": "RoFormer's rotary embedding is 'rope' here, in the paper's own pairs 'rope:interleaved=true'",
    "rotary": "rotary embeddings are 'rope' here",
    "swan": "SWAN (arXiv 2504.08719) is 'hybrid' with a window and log-length scaling: 'logn:base=hybrid'",
    "transformer-xl": "Transformer-XL's positions are 'xl' here",
}

CATALOGUE = Catalogue(
    kind="encoding",
    package="benchmark.encodings",
    contract=("encoding.py", "bases.py", "bias.py"),
    bases=("Encoding", "RelativeBias", "Rotation", "Remap", "Wrapper"),
    arguments=("shape",),
    table=TABLE,
    groups=GROUPS,
    rules=RULES,
    aliases=ALIASES,
    entry_point_group="position_encodings",
)


class Measured(TypedDict):
    """Facts of an encoding that only a model can tell, in the model of the preset `quick`."""

    kernel: str  # fused, masked, partly or eager, as in checks/costs.py
    kv_bytes: int | None  # for each token, beyond keys and values; None: no cache can serve it
    more_operations: float | None  # the share that it adds at 16 L; None: it ends before that


def measured() -> dict[str, Measured]:
    """The facts of the registered encodings, by name: what tests/encodings/facts.py measured."""
    known: dict[str, Measured] = json.loads(Path(__file__).with_name("facts.json").read_text("utf-8"))
    return known


def make(choice: Choice | str, shape: "Shape", *, seed: int = 0, layer: int = 0) -> "Encoding":
    """Build an encoding for a shape: `make("rope:base=500000", shape)`.

    Its own weights depend only on its name, the seed and the layer.
    """
    import torch

    from benchmark.seeds import seed_of

    chosen = CATALOGUE.choice(choice) if isinstance(choice, str) else choice
    CATALOGUE.load(chosen.entry)  # before the fork: importing a user's module may draw random numbers too
    # An author may draw weights with any torch initialiser; the fork leaves the caller's random state untouched.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed_of("encoding", chosen.entry.name, seed, layer))
        return build(chosen, shape)


def build(choice: Choice | str, shape: "Shape") -> "Encoding":
    """Build an encoding, drawing its weights from torch's global generator: for use inside a wrapper."""
    chosen = CATALOGUE.choice(choice) if isinstance(choice, str) else choice
    encoding: Encoding = CATALOGUE.load(chosen.entry)(shape, **chosen.parameters)
    return encoding
