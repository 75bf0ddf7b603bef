"""A fair comparison: cells differ only in the encoding, bit for bit."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from benchmark.encodings import CATALOGUE, make
from benchmark.encodings.encoding import Shape
from benchmark.model.transformer import Transformer
from benchmark.results.spec import BudgetSpec, EncodingSpec, Mixing, ModelSpec, TaskSpec, TrainSpec
from benchmark.seeds import generator, seed_of
from benchmark.tasks import CATALOGUE as TASKS
from benchmark.tasks import make as make_task
from benchmark.training.train import build, training_batch

SHAPE = Shape(width=21, heads=3, layers=2, train_length=11, digits=tuple(range(2, 12)), marks=(1, 12))


def transformer(choice: str, seed: int = 0, shape: Shape = SHAPE, *, convolve: bool = False) -> Transformer:
    model = Transformer(13, shape, lambda own, layer: make(choice, own, seed=seed, layer=layer), convolve=convolve)
    model.initialise(seed)
    return model


def shared_weights(model: Transformer) -> dict[str, Tensor]:
    return {name: weight for name, weight in model.state_dict().items() if not name.startswith("encodings.")}


def same(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("name", CATALOGUE.names())
@pytest.mark.parametrize("convolve", [False, True])
def test_every_weight_but_the_encodings_own_is_the_same_bit_for_bit(name: str, convolve: bool) -> None:
    plain = transformer("none", convolve=convolve)
    own = transformer(name, convolve=convolve)
    assert same(shared_weights(own), shared_weights(plain))
    counted = sum(weight.numel() for weight in own.parameters()) - sum(w.numel() for w in plain.parameters())
    assert counted == sum(weight.numel() for weight in own.encodings.parameters())


def test_every_matrix_is_drawn_and_differs_between_seeds_and_from_the_others() -> None:
    first, second = shared_weights(transformer("none", seed=0)), shared_weights(transformer("none", seed=1))
    matrices = [name for name, weight in first.items() if weight.dim() > 1]
    assert len(matrices) == 2 + 4 * SHAPE.layers
    assert not any(torch.equal(first[name], second[name]) for name in matrices)
    assert not torch.equal(first["layers.0.widen.weight"], first["layers.1.widen.weight"])


def test_a_convolution_adds_its_kernels_and_changes_no_other_weight() -> None:
    plain, mixing = (shared_weights(transformer("rope", convolve=convolve)) for convolve in (False, True))
    kernels = {name: mixing.pop(name) for name in mixing.keys() - plain.keys()}
    assert same(mixing, plain)
    assert {name: weight.shape for name, weight in kernels.items()} == {
        "layers.0.mixing.weight": (21, 4),
        "layers.1.mixing.weight": (21, 4),
    }
    assert not torch.equal(*kernels.values())
    assert set(plain) == {
        "embedding",
        "head",
        "final_norm.weight",
        *(
            f"layers.{layer}.{part}.weight"
            for layer in range(2)
            for part in ("attention_norm", "attention.qkv", "attention.out", "mlp_norm", "widen", "narrow")
        ),
    }


def test_initial_values_do_not_depend_on_the_order_of_the_parameters() -> None:
    class Reversed(Transformer):
        def named_parameters(self, *args: object, **options: object) -> Iterator[tuple[str, nn.Parameter]]:
            return iter(list(super().named_parameters())[::-1])

    model = Reversed(13, SHAPE, lambda own, layer: make("none", own))
    torch.randn(17)  # nor on earlier draws
    model.initialise(0)
    assert same(shared_weights(model), shared_weights(transformer("none")))


def test_initial_values_have_the_deviation_that_they_should() -> None:
    wide = Shape(width=128, heads=4, layers=8, train_length=11)
    weights = transformer("none", shape=wide, convolve=True).state_dict()
    assert weights["layers.3.attention.qkv.weight"].std().item() == pytest.approx(128**-0.5, rel=0.03)
    assert weights["layers.3.widen.weight"].std().item() == pytest.approx(128**-0.5, rel=0.03)
    assert weights["layers.3.narrow.weight"].std().item() == pytest.approx(512**-0.5 / 4, rel=0.03)
    assert weights["layers.3.attention.out.weight"].std().item() == pytest.approx(128**-0.5 / 4, rel=0.03)
    kernels = torch.cat([weights[f"layers.{layer}.mixing.weight"] for layer in range(8)])
    torchs = torch.nn.Conv1d(1024, 1024, 4, groups=1024).weight
    assert kernels.std().item() == pytest.approx(torchs.std().item(), rel=0.05)


def spec_of(task: str, encoding: str, mixing: Mixing = "none") -> TrainSpec:
    chosen_task, chosen = TASKS.choice(task), CATALOGUE.choice(encoding)
    return TrainSpec(
        task=TaskSpec(
            name=chosen_task.entry.name,
            parameters=dict(chosen_task.parameters),
            fingerprint=chosen_task.entry.fingerprint,
            label=chosen_task.label,
            version=1,
        ),
        encoding=EncodingSpec(
            name=chosen.entry.name,
            parameters=dict(chosen.parameters),
            fingerprint=chosen.entry.fingerprint,
            label=chosen.label,
        ),
        model=ModelSpec(width=21, heads=3, layers=2, mixing=mixing),
        budget=BudgetSpec(train_length=16, steps=3, batch=5, learning_rate=1e-3, warmup_steps=1),
        init_seed=3,
        data_seed=7,
    )


@pytest.mark.parametrize("task", ["copy", "offset-recall", "recall-mqar"])
@pytest.mark.parametrize("mixing", ["none", "conv"])
def test_two_cells_share_data_and_weights(task: str, mixing: Mixing) -> None:
    rope, alibi, made = spec_of(task, "rope", mixing), spec_of(task, "alibi", mixing), make_task(task)
    models = [build(spec, made, CATALOGUE.choice(spec.encoding.name)) for spec in (rope, alibi)]
    assert same(shared_weights(models[0]), shared_weights(models[1]))
    assert ("layers.0.mixing.weight" in shared_weights(models[0])) == (mixing == "conv")
    for step in range(3):
        first, second = training_batch(made, rope, step), training_batch(make_task(task), alibi, step)
        assert torch.equal(first.tokens, second.tokens)
        assert torch.equal(first.targets, second.targets)
    assert len({training_batch(made, rope, step).tokens.flatten()[0:9].sum().item() for step in range(9)}) > 1
    assert rope.key != alibi.key


def test_seeds_depend_only_on_their_names() -> None:
    assert seed_of("copy", "evaluation", 64) == seed_of("copy", "evaluation", 64)
    assert 0 <= seed_of("a") < 2**63
    assert len({seed_of("weight", seed, name) for seed in range(50) for name in ("head", "embedding")}) == 100
    torch.randn(3)
    assert torch.equal(torch.randn(5, generator=generator("x", 1)), torch.randn(5, generator=generator("x", 1)))
    assert not torch.equal(torch.randn(5, generator=generator("x", 1)), torch.randn(5, generator=generator("x", 2)))


def test_a_seed_is_the_same_on_every_machine() -> None:
    """The first eight bytes of a SHA-256, worked out by hand: a change would silently start other comparisons."""
    import hashlib

    digest = hashlib.sha256(b"copy/evaluation/64").hexdigest()
    little_endian = int("".join(reversed([digest[at : at + 2] for at in range(0, 16, 2)])), 16)
    assert seed_of("copy", "evaluation", 64) == little_endian // 2
