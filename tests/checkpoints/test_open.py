"""Opening a checkpoint: what it takes, and the one line that says why not."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
import torch
from tokenizers import Regex, models, pre_tokenizers

from benchmark.checkpoints import source
from benchmark.checkpoints.checkpoint import Checkpoint, open_checkpoint
from benchmark.checkpoints.source import find
from benchmark.errors import UsageError


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tmp_path_factory.mktemp("saved"))


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(saved, tmp_path / "model"))


def opened(folder: Path) -> Checkpoint:
    return open_checkpoint(str(folder), precision="float32")


def edit(folder: Path, **changes: object) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def pickled(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    torch.save({}, folder / "pytorch_model.bin")


def truncated(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def without_a_layer(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def without_tokenizer(folder: Path) -> None:
    for file in folder.glob("tokenizer*"):
        file.unlink()


def without_a_shard(folder: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda folder: (folder / "config.json").unlink(), "has no config.json: name the folder"),
    "broken config": (lambda folder: (folder / "config.json").write_text("{"), "cannot be read as JSON"),
    "a list": (lambda folder: (folder / "config.json").write_text("[]"), "must hold a JSON object"),
    "impossible config": (lambda folder: edit(folder, num_attention_heads="many"), "its config cannot be read"),
    "unknown architecture": (lambda folder: edit(folder, model_type="bloom"), "'bloom'; supported are gemma, gemma2"),
    "no architecture": (lambda folder: edit(folder, model_type=None), "of architecture None"),
    "own code": (
        lambda folder: edit(folder, model_type="their_own", auto_map={"AutoModel": "modeling.Mine"}),
        "its own code .* is not run",
    ),
    "an adapter": (
        lambda folder: (folder / "adapter_config.json").write_text("{}"),
        r"holds an adapter \(adapter_config.json\): merge it",
    ),
    "quantised": (
        lambda folder: edit(folder, quantization_config={"quant_method": "gptq", "bits": 4}),
        "is quantised by gptq",
    ),
    "pickled": (pickled, r"only pickled weights \(pytorch_model.bin\), which are not loaded: save .* safetensors"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "has no weights"),
    "truncated": (truncated, "its weights cannot be loaded"),
    "other sizes": (lambda folder: edit(folder, intermediate_size=59), "its weights cannot be loaded"),
    "without a layer": (without_a_layer, r"lacks 1 weight \(model.layers.1.mlp.up_proj.weight\)"),
    "without a shard": (without_a_shard, r"lacks 1 of 2 weight files \(model-00002-of-00002.safetensors\)"),
    "no tokenizer": (without_tokenizer, "has no tokenizer"),
    "broken tokenizer": (lambda folder: (folder / "tokenizer.json").write_text("{}"), "its tokenizer cannot be loaded"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_is_refused_in_one_line(damage: str, folder: Path) -> None:
    harm, why = DAMAGE[damage]
    harm(folder)
    with pytest.raises(UsageError, match=why) as caught:
        opened(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name, why",
    [
        ("no/such", "no such folder or file; .*hub:no/such"),
        ("./no/such/folder", "no such folder or file; name a folder with config.json"),
        (__file__, "is not a .gguf file"),
    ],
)
def test_a_name_that_means_no_checkpoint_is_refused_without_the_network(name: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        find(name)


def test_a_hub_name_that_cannot_be_reached_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def offline(*_: object, **__: object) -> str:
        raise ConnectionError("no route to host\nreally")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", offline)
    with pytest.raises(UsageError, match=re.escape("hub:own/model cannot be downloaded (no route to host really)")):
        find("hub:own/model")


def test_a_hub_name_without_the_extra_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="transformers and accelerate and gguf not installed"):
        find("hub:own/model")


def test_a_hub_name_is_looked_up_there(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **_: {"own/model": str(saved)}[name])
    assert find("hub:own/model").digest == find(str(saved)).digest


def test_the_digest_follows_the_content(saved: Path, folder: Path) -> None:
    before = find(str(saved)).digest
    assert find(str(folder)).digest == before
    (folder / "README.md").write_text("a note")
    assert find(str(folder)).digest == before
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1  # a bit of one weight
    weights.write_bytes(content)
    assert find(str(folder)).digest != before


def test_facts_come_from_the_config(saved: Path) -> None:
    facts = opened(saved).facts
    assert (facts.architecture, facts.length, facts.vocabulary) == ("llama", tiny.LENGTH, tiny.VOCABULARY)
    assert (facts.layers, facts.heads, facts.kv_heads, facts.head_width, facts.rotated) == (3, 15, 5, 14, 14)
    assert (facts.base, facts.scaling) == (443.0, "default")


@pytest.mark.parametrize(
    "rope, length",
    [
        ({"rope_type": "default"}, 67),
        ({"rope_type": "linear", "factor": 4.0}, 67),
        ({"rope_type": "dynamic", "factor": 4.0}, 67),
        ({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 31}, 67),
        ({"rope_type": "yarn", "factor": 2.0, "original_max_position_embeddings": 67}, 134),
        (  # Llama 3.2: 131,072 tokens, from 8,192 by a factor of 32
            {
                "rope_type": "llama3",
                "factor": 32.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 4,
            },
            67,
        ),
    ],
)
def test_the_trained_length_takes_the_own_scaling_into_account(
    rope: dict[str, object], length: int, folder: Path
) -> None:
    edit(folder, rope_parameters={**rope, **tiny.ROPE})
    assert opened(folder).length == length


def test_a_text_becomes_tokens_and_a_text_again(saved: Path) -> None:
    checkpoint = opened(saved)
    assert checkpoint.encode("w3 w5 w3").tolist() == [3, 5, 3]
    assert checkpoint.decode(torch.tensor([3, 5])) == "w3 w5"
    assert checkpoint.opening.tolist() == []


def test_the_opening_is_what_the_tokenizer_puts_first(folder: Path) -> None:
    from tokenizers.processors import TemplateProcessing

    words = tiny.tokenizer()
    words.backend_tokenizer.post_processor = TemplateProcessing(
        single="w7 $A w9", special_tokens=[("w7", 7), ("w9", 9)]
    )
    words.save_pretrained(folder)
    checkpoint = opened(folder)
    assert checkpoint.opening.tolist() == [7]
    assert checkpoint.encode("w3").tolist() == [3]


def test_a_text_inside_a_row_has_no_mark_of_a_beginning(folder: Path) -> None:
    """SentencePiece tokenizers, such as that of Llama 2, put a space before every text."""
    tiny.pieces().save_pretrained(folder)
    checkpoint = opened(folder)
    assert checkpoint.tokenizer("a 1", add_special_tokens=False)["input_ids"] == [0, 65, 0, 17]
    for before, after in (("The key is", " 482"), ("told.\n", "\nThe key"), ("it is", "482"), ("", "")):
        joined = torch.cat((checkpoint.encode(before), checkpoint.encode(after)))
        assert joined.tolist() == checkpoint.encode(before + after).tolist()


def test_a_tokenizer_may_join_what_stands_before_a_text_to_it(folder: Path) -> None:
    words = tiny.characters()
    joined = {".a": 95, **words.get_vocab()}
    words.backend_tokenizer.model = models.WordLevel(joined, unk_token=" ")
    words.backend_tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"\.a|[\s\S]"), "isolated")
    words.save_pretrained(folder)
    assert opened(folder).encode("ab").tolist() == [65, 66]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"max_position_embeddings": 0}, "max_position_embeddings 0, but must have an integer above 0"),
        ({"rope_parameters": {"rope_type": "default", "rope_theta": 0.5}}, "rope_theta 0.5, but must have a number"),
    ],
)
def test_values_that_no_model_was_trained_with_are_refused(changes: dict[str, object], told: str, folder: Path) -> None:
    edit(folder, **changes)
    with pytest.raises(UsageError, match=told):
        opened(folder)


def test_code_that_is_not_needed_does_not_matter(folder: Path) -> None:
    """Phi-3's config names code of its own, which transformers has as well."""
    edit(folder, auto_map={"AutoConfig": "configuration.Config"})
    assert opened(folder).length == 67
