import pytest
import torch
import torch.nn.functional as F

from benchmark.seeds import generator
from benchmark.training.loss import cross_entropy


def drawn(
    places: int = 11, vocabulary: int = 7, dtype: torch.dtype = torch.float64
) -> tuple[torch.Tensor, torch.Tensor]:
    logits = 3 * torch.randn(places, vocabulary, generator=generator("logits"), dtype=torch.float64)
    targets = torch.randint(vocabulary, (places,), generator=generator("targets"))
    return logits.to(dtype).requires_grad_(), targets


def test_value_and_gradient_are_those_of_the_definition() -> None:
    logits, targets = drawn()
    (gradient,) = torch.autograd.grad(5 * cross_entropy(logits, targets), logits)
    p = logits.detach().exp() / logits.detach().exp().sum(dim=1, keepdim=True)
    wanted = 5 * (p - F.one_hot(targets, 7)) / 11
    torch.testing.assert_close(gradient, wanted, rtol=1e-12, atol=1e-14)
    value = -sum(p[place, target].log() for place, target in enumerate(targets)) / 11
    torch.testing.assert_close(cross_entropy(logits, targets), value)


def test_the_value_is_torchs_own_bit_for_bit_and_float32_at_least() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        logits, targets = drawn(dtype=dtype)
        own = cross_entropy(logits, targets)
        assert own.dtype == torch.float32
        assert own.equal(F.cross_entropy(logits.float(), targets))
        (gradient,) = torch.autograd.grad(own, logits)
        assert gradient.dtype == dtype


def test_extreme_logits_have_a_finite_loss_and_gradient() -> None:
    logits, targets = torch.tensor([[500.0, -500.0], [-500.0, 500.0]], requires_grad=True), torch.tensor([1, 1])
    loss = cross_entropy(logits, targets)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert loss.item() == 500
    torch.testing.assert_close(gradient, torch.tensor([[0.5, -0.5], [0.0, 0.0]]))


def test_no_places_give_what_torch_gives() -> None:
    logits, targets = torch.zeros(0, 5, requires_grad=True), torch.zeros(0, dtype=torch.int64)
    assert cross_entropy(logits, targets).isnan()
    assert torch.autograd.grad(cross_entropy(logits, targets), logits)[0].shape == (0, 5)


def test_its_gradient_is_not_differentiated_in_silence() -> None:
    logits, targets = drawn()
    (gradient,) = torch.autograd.grad(cross_entropy(logits, targets), logits, create_graph=True)
    with pytest.raises(RuntimeError, match="does not require grad"):
        gradient.sum().backward()
