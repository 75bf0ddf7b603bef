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
    "bipe": "bipe",
    "cape": "cape",
    "carope": "carope",
    "cope": "cope",
    "dape": "dape",
    "dape-v2": "dape_v2",
    "dca": "dca",
    "deberta": "deberta",
    "drop": "drop",
    "fire": "fire",
    "fope": "fope",
    "fox": "fox",
    "grape-a": "grape_a",
    "grape-ap": "grape_ap",
    "grape-m": "grape_m",
    "head-scale": "head_scale",
    "hope": "hope",
    "hybrid": "hybrid",
    "irope": "irope",
    "kerple-log": "kerple_log",
    "kerple-power": "kerple_power",
    "leaky-rerope": "leaky_rerope",
    "learned": "learned",
    "llama3": "llama3",
    "logn": "logn",
    "longrope": "longrope",
    "none": "none",
    "ntk": "ntk",
    "ntk-dynamic": "ntk_dynamic",
    "p-rope": "p_rope",
    "path": "path",
    "pi": "pi",
    "pope": "pope",
    "position-coupling": "position_coupling",
    "randomized": "randomized",
    "repo": "repo",
    "rerope": "rerope",
    "rope": "rope",
    "rope-plus": "rope_plus",
    "sandwich": "sandwich",
    "selective-rope": "selective_rope",
    "self-extend": "self_extend",
    "shape": "shape",
    "shaw": "shaw",
    "sinks": "sinks",
    "sinusoidal": "sinusoidal",
    "ssmax": "ssmax",
    "stick-breaking": "stick_breaking",
    "string": "string",
    "t5": "t5",
    "tisa": "tisa",
    "tupe": "tupe",
    "wall": "wall",
    "wavelet": "wavelet",
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
    "attention-sinks": "attention sinks are 'sinks' here",
    "attention-with-linear-biases": "ALiBi is 'alibi' here",
    "bilevel": "bilevel positions (BiPE, arXiv 2401.16421) are 'bipe' here",
    "cable": "Cable (arXiv 2503.08067) is 'fox' with the gate's sign turned",
    "contextual": "contextual positions (CoPE, arXiv 2405.18719) are 'cope' here",
    "coupling": "position coupling (arXiv 2405.20671) is 'position-coupling' here",
    "directional-rope": "DRoPE (arXiv 2503.15029) turns headings of traffic agents and is not here; DroPE is 'drop'",
    "disentangled": "DeBERTa's disentangled attention is 'deberta' here",
    "drope": "DroPE (arXiv 2512.12167) is 'drop' here",
    "dual-chunk": "dual chunk attention (arXiv 2402.17463) is 'dca' here",
    "dynamic": "transformers' rope type dynamic is 'ntk-dynamic' here",
    "forgetting": "the Forgetting Transformer is 'fox' here",
    "forgetting-transformer": "the Forgetting Transformer is 'fox' here",
    "fourier": "Fourier positions (FoPE, arXiv 2412.17739) are 'fope' here",
    "gpt-neox": "GPT-NeoX's partial RoPE is 'rope:fraction=0.25' here",
    "gpt-oss": "gpt-oss's attention sinks are 'sinks' here",
    "grape": "GRAPE (arXiv 2512.07805) has several forms: 'grape-a', 'grape-ap' and 'grape-m'",
    "kerple": "KERPLE has two kernels: 'kerple-log' and 'kerple-power'",
    "linear": "linear scaling, as transformers calls it, is position interpolation: 'pi' here",
    "llama4": "Llama 4's iRoPE is 'irope' here",
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
    "rope++": "RoPE++ (arXiv 2512.07525) is 'rope-plus' here",
    "rotary": "rotary embeddings are 'rope' here",
    "scalable-softmax": "scalable softmax (arXiv 2501.19399) is 'ssmax' here",
    "shifted": "shifted absolute positions (SHAPE, arXiv 2109.05644) are 'shape' here",
    "su": "su, transformers' old name of a rope type, is 'longrope' here",
    "swan": "SWAN (arXiv 2504.08719) is 'hybrid' with a window and log-length scaling: 'logn:base=hybrid'",
    "transformer-xl": "Transformer-XL's positions are 'xl' here",
}

CATALOGUE = Catalogue(
    kind="encoding",
    package="benchmark.encodings",
    contract=("encoding.py", "bases.py", "bias.py", "remap.py", "temperature.py"),
    bases=("Encoding", "RelativeBias", "Rotation", "Remap", "Wrapper", "Temperature"),
    arguments=("shape",),
    table=TABLE,
    groups=GROUPS,
    rules=RULES,
    aliases=ALIASES,
    entry_point_group="position_encodings",
)


class Measured(TypedDict):
    """Facts of an encoding that only a model can tell, in the model of the preset `quick`."""

    kernel: str  # fused, masked, parts or eager, as in checks/costs.py
    kv_bytes: int | None  # for each token, beyond keys and values; None: no cache can serve it
    more_operations: float | None  # the share that it adds at 16 L; None: it ends before that
    checkpoint: bool  # `run --checkpoint` takes it


def measured() -> dict[str, Measured]:
    """The facts of the registered encodings, by name: what tests/encodings/facts.py measured."""
    known: dict[str, Measured] = json.loads(Path(__file__).with_name("facts.json").read_text("utf-8"))
    return known


def mismatch(choice: Choice, task: Entry) -> str:
    """The reason why an encoding is not offered a task; "" if it is."""
    if CATALOGUE.reads_digits(choice) and not task.attributes.get("numbers"):
        return "it reads the digits of numbers, and the task has none"
    if CATALOGUE.reads_marks(choice) and not task.attributes.get("segments"):
        return "it reads the marks that end segments, and the task has none"
    return ""


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
        torch.default_generator.manual_seed(seed_of("encoding", chosen.entry.name, seed, layer))
        return build(chosen, shape)


def build(choice: Choice | str, shape: "Shape") -> "Encoding":
    """Build an encoding, drawing its weights from torch's global generator: for use inside a wrapper."""
    chosen = CATALOGUE.choice(choice) if isinstance(choice, str) else choice
    encoding: Encoding = CATALOGUE.load(chosen.entry)(shape, **chosen.parameters)
    return encoding
