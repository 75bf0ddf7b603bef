"""The registry of position encodings, name -> module. A test checks this table against the folder.

Nothing here imports torch; `make` does, when it builds an encoding.
"""

from typing import TYPE_CHECKING

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

GROUPS = {
    "classic": ("none", "sinusoidal", "learned", "alibi", "rope"),
    "test-time": (
        *("dca", "head-scale", "leaky-rerope", "llama3", "logn", "longrope", "ntk", "ntk-dynamic", "pi"),
        *("rerope", "self-extend", "string", "yarn", "yarn-paper"),
    ),
}

CATALOGUE = Catalogue(
    kind="encoding",
    package="benchmark.encodings",
    contract=("encoding.py", "bases.py", "bias.py", "remap.py", "temperature.py"),
    bases=("Encoding", "RelativeBias", "Rotation", "Remap", "Wrapper", "Temperature"),
    arguments=("shape",),
    table=TABLE,
    groups=GROUPS,
    entry_point_group="position_encodings",
)


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
        torch.manual_seed(seed_of("encoding", chosen.entry.name, seed, layer))
        return build(chosen, shape)


def build(choice: Choice | str, shape: "Shape") -> "Encoding":
    """Build an encoding, drawing its weights from torch's global generator: for use inside a wrapper."""
    chosen = CATALOGUE.choice(choice) if isinstance(choice, str) else choice
    encoding: Encoding = CATALOGUE.load(chosen.entry)(shape, **chosen.parameters)
    return encoding
