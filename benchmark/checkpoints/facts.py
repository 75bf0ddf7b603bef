"""What a checkpoint's config says: sizes, the trained length L, its rope, and its sliding windows."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.checkpoints.source import ARCHITECTURES, Source
from benchmark.errors import UsageError, echo

FULL = "full_attention"
SLIDING = "sliding_attention"
ROPES = ("default", "linear", "dynamic", "yarn", "longrope", "llama3")
STRETCHED = ("yarn", "llama3", "longrope")  # scalings that state the length before them


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Sizes of a checkpoint. Lengths are in tokens."""

    architecture: str  # transformers' model_type
    length: int  # L: the longest row the model is meant for, its own scaling included
    width: int
    inner: int  # width of the feed-forward network
    layers: int
    heads: int
    kv_heads: int
    head_width: int
    rotated: int  # channels of a head that rope turns
    base: float  # of its rope
    scaling: str  # of its rope: "default", "linear", "dynamic", "yarn", "longrope" or "llama3"
    vocabulary: int
    windows: tuple[int | None, ...]  # of each layer: how many keys a query sees, itself included; None: all
    local: tuple[bool, ...]  # of each layer: it has a rope of its own, which no encoding replaces (Gemma 3)


@contextmanager
def read_once() -> Iterator[None]:
    """Have a gguf file parsed once for its config, weights and tokenizer, and the names of its tensors mapped once.

    transformers does both anew for each, and the second for every module of a model: opening SmolLM2-135M took 16.5 s
    of processor time and takes 8.4.
    """
    import gguf

    theirs = {name: getattr(gguf, name) for name in ("GGUFReader", "get_tensor_name_map")}
    try:
        for name, own in theirs.items():
            setattr(gguf, name, cache(own))
        yield
    finally:
        for name, own in theirs.items():
            setattr(gguf, name, own)


def load_config(source: Source) -> Any:
    """The config of a checkpoint, as transformers reads it."""
    from transformers import AutoConfig

    where = f"--checkpoint {echo(source.name)}"
    stated = source.config.get("model_type")
    if source.gguf is None and stated not in ARCHITECTURES:
        raise _unknown(where, stated)
    try:
        config = AutoConfig.from_pretrained(
            source.folder, gguf_file=source.gguf, local_files_only=True, trust_remote_code=False
        )
    except Exception as error:  # whatever a damaged file leads to
        raise UsageError(f"{where}: its config cannot be read ({' '.join(str(error).split())[:200]})") from None
    if config.model_type not in ARCHITECTURES:
        raise _unknown(where, config.model_type)
    if source.gguf is not None:
        _complete_from_gguf(config, source.folder / source.gguf, where)
    return config


def _complete_from_gguf(config: Any, path: Path, where: str) -> None:
    """Add to a config the rope scaling and the sliding window of its gguf file, which transformers need not read."""
    from gguf import GGUFReader

    reader = GGUFReader(path)

    def content(key: str) -> Any:
        field = reader.get_field(key)
        return None if field is None else field.contents()

    def stated(key: str) -> Any:
        return content(f"{content('general.architecture')}.{key}")

    scaling = _gguf_scaling(reader, stated, where)
    if FULL in config.rope_parameters:  # Gemma 3: a file's scaling is that of its global layers
        scaling = {FULL: {**config.rope_parameters[FULL], **scaling}}
    config.rope_parameters = {**config.rope_parameters, **scaling}
    window = stated("attention.sliding_window")
    if window is not None and hasattr(config, "sliding_window"):
        config.sliding_window = window or None
    elif window:
        raise UsageError(
            f"{where} has a sliding window of {window} tokens, which transformers does not read from it: "
            "use safetensors"
        )
    turned, read = stated("rope.dimension_count"), facts(config).rotated
    if turned not in (None, read):
        raise UsageError(
            f"{where} rotates {turned} channels of each head, but transformers reads {read} from it: use safetensors"
        )


def _gguf_scaling(reader: Any, stated: Callable[[str], Any], where: str) -> dict[str, Any]:
    """The scaling of the rope of a gguf file, in transformers' terms.

    A file keeps the scaling of Llama 3.1 as one factor per frequency. Such factors are those of longrope; without a
    second set for long rows they apply to every row.
    """
    length, kind = stated("context_length"), stated("rope.scaling.type") or "none"
    if any(tensor.name.startswith("rope_factors_") for tensor in reader.tensors):
        raise UsageError(
            f"{where} keeps two sets of rope factors (longrope), which are not read from a gguf file: use safetensors"
        )
    factors = [tensor.data.tolist() for tensor in reader.tensors if tensor.name == "rope_freqs.weight"]
    if factors:
        same = {"short_factor": factors[0], "long_factor": factors[0], "attention_factor": 1.0, "factor": 1.0}
        return {"rope_type": "longrope", "original_max_position_embeddings": length, **same}
    if kind == "none":
        return {}
    if kind not in ("linear", "yarn"):
        raise UsageError(
            f"{where} scales its rope by {echo(kind)}, which is not read from a gguf file: use safetensors"
        )
    scaling = {"rope_type": kind, "factor": stated("rope.scaling.factor")}
    original = stated("rope.scaling.original_context_length")
    return scaling if kind == "linear" else {**scaling, "original_max_position_embeddings": original or length}


def _unknown(where: str, architecture: object) -> UsageError:
    return UsageError(f"{where} is of architecture {echo(architecture)}; supported are {', '.join(ARCHITECTURES)}")


def facts(config: Any) -> Facts:
    """The facts of a config."""
    config.standardize_rope_params()
    layers, rope = config.num_hidden_layers, main_rope(config)
    _refuse_bad(config, rope)
    head_width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    kinds = getattr(config, "layer_types", None) or [FULL if config_window(config) is None else SLIDING] * layers
    return Facts(
        architecture=config.model_type,
        length=trained_length(config),
        width=config.hidden_size,
        inner=config.intermediate_size,
        layers=layers,
        heads=config.num_attention_heads,
        kv_heads=getattr(config, "num_key_value_heads", None) or config.num_attention_heads,
        head_width=head_width,
        rotated=int(head_width * (rope.get("partial_rotary_factor") or 1.0)),
        base=float(rope["rope_theta"]),
        scaling=rope["rope_type"],
        vocabulary=config.vocab_size,
        windows=tuple(config_window(config) if kind == SLIDING else None for kind in kinds),
        local=tuple(kind in config.rope_parameters and kind != FULL for kind in kinds),
    )


def _refuse_bad(config: Any, rope: Mapping[str, Any]) -> None:
    """Raise UsageError for values that no model was trained with."""
    share = rope.get("partial_rotary_factor")
    for name, value, allowed, holds in (
        ("max_position_embeddings", config.max_position_embeddings, "an integer above 0", _at_least_one),
        ("rope_theta", rope.get("rope_theta"), "a number above 1", lambda base: _is_number(base) and base > 1),
        ("partial_rotary_factor", share, "above 0 and at most 1", lambda part: part is None or _is_share(part)),
        ("rope_type", rope.get("rope_type"), f"one of {', '.join(ROPES)}", lambda kind: kind in ROPES),
    ):
        if not holds(value):
            raise UsageError(f"the checkpoint's config has {name} {echo(value)}, but must have {allowed}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _at_least_one(value: object) -> bool:
    return isinstance(value, int) and value > 0


def _is_share(value: Any) -> bool:
    return _is_number(value) and 0 < value <= 1


def config_window(config: Any) -> int | None:
    """The sliding window of the layers that have one."""
    window: int | None = getattr(config, "sliding_window", None)
    return window


def main_rope(config: Any) -> dict[str, Any]:
    """The rope parameters of the layers that see every key; most configs have only one rope."""
    parameters: dict[str, Any] = config.rope_parameters
    main: dict[str, Any] = parameters.get(FULL, parameters)
    return main


def trained_length(config: Any) -> int:
    """L: `max_position_embeddings`, or what its own scaling stretches that to, if it states the length before scaling.

    yarn, llama3 and longrope state the length before scaling. A config whose `max_position_embeddings` is greater than
    that has the scaled one there (Llama 3.1 and 3.2, Phi-3); in another it is the same (Qwen 2.5 with yarn), and L is
    that times the factor. For linear and dynamic scaling, `max_position_embeddings` is all that a config says.
    """
    rope, stated = main_rope(config), int(config.max_position_embeddings)
    if rope["rope_type"] not in STRETCHED or stated > rope["original_max_position_embeddings"]:
        return stated
    return round(int(rope["original_max_position_embeddings"]) * float(rope.get("factor") or 1.0))
