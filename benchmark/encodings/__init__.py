"""The registry of position encodings, name -> module. A test checks this table against the folder.

Nothing here imports torch; `make` does, when it builds an encoding.
"""

from typing import TYPE_CHECKING

from benchmark.catalogue import Catalogue, Choice

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

GROUPS = {
    "classic": ("none", "sinusoidal", "learned", "alibi", "rope"),
    "test-time": (
        *("leaky-rerope", "llama3", "logn", "ntk", "ntk-dynamic", "pi", "rerope", "self-extend", "yarn", "yarn-paper"),
    ),
}

CATALOGUE = Catalogue(
    kind="encoding",
    package="benchmark.encodings",
    contract=("encoding.py", "bases.py", "bias.py"),
    bases=("Encoding", "RelativeBias", "Rotation", "Remap", "Wrapper"),
    arguments=("shape",),
    table=TABLE,
    groups=GROUPS,
    entry_point_group="position_encodings",
)


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
