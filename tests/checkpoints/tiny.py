"""Tiny checkpoints with random weights, of every supported architecture, saved by the tests themselves.

Sizes are distinct primes wherever the architecture allows it, so that no two are taken for each other.
"""

from pathlib import Path
from typing import Any

import torch
import transformers
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

VOCABULARY, LAYERS, LENGTH = 101, 3, 67
SIZES = {"vocab_size": VOCABULARY, "num_hidden_layers": LAYERS, "max_position_embeddings": LENGTH}
GROUPED = {"num_attention_heads": 15, "num_key_value_heads": 5, "hidden_size": 210, "intermediate_size": 53}
HEAD = {"head_dim": 22}  # not the width over the heads
ROPE = {"rope_theta": 443.0}

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "llama": {**GROUPED, **ROPE},
    "mistral": {**GROUPED, **HEAD, **ROPE, "sliding_window": 19},
    "qwen2": {
        **GROUPED,
        **ROPE,
        "use_sliding_window": True,
        "sliding_window": 23,
        "max_window_layers": 1,
        "tie_word_embeddings": True,
    },
    "qwen3": {**GROUPED, **HEAD, **ROPE},
    "gpt_neox": {
        "num_attention_heads": 7,
        "hidden_size": 7 * 26,
        "intermediate_size": 53,
        "rotary_emb_base": 443.0,
        "rotary_pct": 0.4,
    },
    "phi": {**GROUPED, **ROPE, "partial_rotary_factor": 0.75, "hidden_size": 15 * 24},
    "phi3": {**GROUPED, **ROPE, "sliding_window": 31, "pad_token_id": 0},
    "gemma": {**GROUPED, **HEAD, **ROPE},
    "gemma2": {**GROUPED, **HEAD, **ROPE, "sliding_window": 17, "query_pre_attn_scalar": 37},
    "gemma3_text": {
        **GROUPED,
        **HEAD,
        "sliding_window": 13,
        "query_pre_attn_scalar": 37,
        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        "rope_parameters": {
            "sliding_attention": {"rope_type": "default", "rope_theta": 101.0},
            "full_attention": {"rope_type": "linear", "factor": 3.0, "rope_theta": 443.0},
        },
    },
}


def save(folder: Path, architecture: str = "llama", **changes: Any) -> Path:
    """Save a checkpoint with its tokenizer into a folder."""
    config = transformers.AutoConfig.for_model(architecture, **{**SIZES, **ARCHITECTURES[architecture], **changes})
    torch.manual_seed(17)
    model = transformers.AutoModelForCausalLM.from_config(config)
    for weight in model.parameters():  # far from the tiny initial ones, whose attention is nearly uniform
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=2 / weight.shape[-1] ** 0.5)
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def tokenizer() -> Any:
    """One token for each of the words w0, w1, ..."""
    words = Tokenizer(models.WordLevel({f"w{number}": number for number in range(VOCABULARY)}, unk_token="w0"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="w0")


def pieces() -> Any:
    """One token for each printable character of ASCII, and a mark before every text, as SentencePiece writes them."""
    letters = {"\u2581" if number == 32 else chr(number): number - 32 for number in range(32, 127)}
    words = Tokenizer(models.BPE({**letters, "\n": 95}, [], unk_token="?"))
    words.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    return transformers.PreTrainedTokenizerFast(tokenizer_object=words, unk_token="?")


def characters() -> Any:
    """One token for each printable character of ASCII."""
    letters = Tokenizer(models.WordLevel({chr(32 + number): number for number in range(95)}, unk_token=" "))
    letters.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    return transformers.PreTrainedTokenizerFast(tokenizer_object=letters, unk_token=" ")


def tokens(count: int) -> torch.Tensor:
    """Random tokens [count]."""
    return torch.randint(0, VOCABULARY, (count,), generator=torch.Generator().manual_seed(29))


def reference(folder: Path, row: torch.Tensor, **changes: Any) -> torch.Tensor:
    """Log-probabilities [T, V] of transformers' own forward pass, with changes to the config."""
    config = transformers.AutoConfig.from_pretrained(folder)
    for name, value in changes.items():
        setattr(config, name, value)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, config=config, attn_implementation="eager", dtype=torch.float32
    )
    with torch.inference_mode():
        return model(row[None]).logits[0].log_softmax(-1)
