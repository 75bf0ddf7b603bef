"""A .gguf file gives the logits of the folder that it was written from, its scaling of rope included."""

from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import tiny
import torch
from torch import Tensor
from transformers import AutoModelForCausalLM

from benchmark.checkpoints.checkpoint import open_checkpoint
from benchmark.checkpoints.facts import facts, load_config
from benchmark.checkpoints.source import find
from benchmark.errors import UsageError

NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "model.layers.": "blk.",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}
ROW = tiny.tokens(97)
PLACES = torch.arange(1, 97)
FACTORS = [1.0, 1.0, 1.5, 2.0, 3.0, 8.0, 8.0]
RAMP = {  # a scaling of the same factors, as transformers states it
    "rope_type": "longrope",
    "factor": 1.0,
    "attention_factor": 1.0,
    "original_max_position_embeddings": 31,
    "short_factor": FACTORS,
    "long_factor": FACTORS,
}


def interleaved(weight: Tensor, heads: int) -> Tensor:
    """Rows of queries or keys as llama.cpp keeps them: the two channels of a pair side by side."""
    return weight.view(heads, 2, -1, weight.shape[-1]).transpose(1, 2).reshape(weight.shape)


def convert(
    folder: Path, target: Path, factors: list[float] | None = None, *, architecture: str = "llama", **scaling: Any
) -> Path:
    """Write the model of a folder as a gguf file, with its rope scaled as stated."""
    model = AutoModelForCausalLM.from_pretrained(folder)
    config, writer = model.config, gguf.GGUFWriter(target, architecture)
    writer.add_name("tiny")
    writer.add_context_length(tiny.LENGTH)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    if architecture == "llama":
        writer.add_rope_dimension_count(config.head_dim)
    elif architecture == "qwen3":
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    for key, value in scaling.items():
        if isinstance(value, str):
            writer.add_string(f"{architecture}.rope.scaling.{key}", value)
        else:
            writer.add_float32(f"{architecture}.rope.scaling.{key}", value)
    writer.add_tokenizer_model("gpt2")
    words = ["a", "b", *(f"<{number}>" for number in range(tiny.VOCABULARY - 3)), "ab"]
    writer.add_token_list(words)
    writer.add_token_merges(["a b"])
    writer.add_token_types([gguf.TokenType.NORMAL] * len(words))
    writer.add_bos_token_id(2)
    writer.add_eos_token_id(3)
    if factors is not None:
        writer.add_tensor("rope_freqs.weight", np.array(factors, dtype=np.float32))
    for name, weight in model.state_dict().items():
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
        for part, count in heads.items():
            weight = interleaved(weight, count) if part in name and architecture == "llama" else weight
        for theirs, ours in NAMES.items():
            name = name.replace(theirs, ours)
        writer.add_tensor(name, weight.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tmp_path_factory.mktemp("saved"))


@pytest.mark.parametrize(
    "factors, stated, scaled",
    [
        (None, {}, {"rope_type": "default"}),
        (None, {"type": "linear", "factor": 3.0}, {"rope_type": "linear", "factor": 3.0}),
        (
            None,
            {"type": "yarn", "factor": 4.0},
            {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": tiny.LENGTH},
        ),
        (FACTORS, {}, RAMP),
    ],
    ids=["plain", "linear", "yarn", "by-frequency"],
)
def test_a_gguf_file_gives_the_logits_of_its_model(
    factors: list[float] | None, stated: dict[str, Any], scaled: dict[str, Any], folder: Path, tmp_path: Path
) -> None:
    file = convert(folder, tmp_path / "tiny.gguf", factors, **stated)
    checkpoint = open_checkpoint(str(file), precision="float32")
    ours = checkpoint.reader("rope").log_likelihoods(ROW, PLACES).log_likelihood
    theirs = tiny.reference(folder, ROW, rope_parameters={**scaled, **tiny.ROPE})[PLACES - 1, ROW[PLACES]].double()
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)
    assert not checkpoint.reader("rope").reads_whole
    assert checkpoint.length == (4 * tiny.LENGTH if stated.get("type") == "yarn" else tiny.LENGTH)
    assert checkpoint.encode("ab").tolist() == [tiny.VOCABULARY - 1]


@pytest.mark.parametrize("architecture", ["qwen2", "qwen3"])
def test_a_file_of_another_architecture_gives_the_logits_of_its_model(architecture: str, tmp_path: Path) -> None:
    sizes = {"head_dim": 128} if architecture == "qwen3" else {}  # as in every Qwen 3: transformers reads no other
    plain = {"use_sliding_window": False, "tie_word_embeddings": False}
    saved = tiny.save(tmp_path / "saved", architecture, **plain, **sizes)
    file = convert(saved, tmp_path / "tiny.gguf", architecture=architecture, type="linear", factor=3.0)
    ours = open_checkpoint(str(file), precision="float32").reader("rope").log_likelihoods(ROW, PLACES).log_likelihood
    scaled = {"rope_type": "linear", "factor": 3.0, **tiny.ROPE}
    theirs = tiny.reference(saved, ROW, rope_parameters=scaled)[PLACES - 1, ROW[PLACES]].double()
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


def test_a_truncated_file_is_refused_in_one_line(folder: Path, tmp_path: Path) -> None:
    file = convert(folder, tmp_path / "tiny.gguf")
    file.write_bytes(file.read_bytes()[:-1000])
    with pytest.raises(UsageError, match="cannot be") as caught:
        open_checkpoint(str(file))
    assert "\n" not in str(caught.value)


def config_only(target: Path, **stated: int) -> Path:
    """A gguf file of Phi 3 without weights."""
    writer = gguf.GGUFWriter(target, "phi3")
    writer.add_context_length(tiny.LENGTH)
    writer.add_embedding_length(210)
    writer.add_block_count(3)
    writer.add_feed_forward_length(53)
    writer.add_head_count(15)
    writer.add_head_count_kv(5)
    for key, value in stated.items():
        writer.add_uint32(f"phi3.{key.replace('__', '.')}", value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


@pytest.mark.parametrize("stated, read", [({"attention__sliding_window": 29}, 29), ({}, None)])
def test_a_sliding_window_is_that_of_the_file(stated: dict[str, int], read: int | None, tmp_path: Path) -> None:
    config = load_config(find(str(config_only(tmp_path / "tiny.gguf", **stated))))
    assert facts(config).windows == (read,) * 3


def test_a_file_that_rotates_other_channels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="rotates 8 channels of each head, but transformers reads 14 from it"):
        load_config(find(str(config_only(tmp_path / "tiny.gguf", rope__dimension_count=8))))


def test_an_unknown_scaling_is_refused(folder: Path, tmp_path: Path) -> None:
    file = convert(folder, tmp_path / "tiny.gguf", type="longrope", factor=2.0)
    with pytest.raises(UsageError, match="scales its rope by 'longrope'"):
        open_checkpoint(str(file))
