"""The language task: windows, shifted targets, shared targets of evaluation, chance, refusals."""

import math
from collections import Counter
from pathlib import Path

import pytest
import torch

from benchmark.errors import UsageError
from benchmark.reports.tables.values import SHARED_TARGETS
from benchmark.seeds import generator
from benchmark.tasks.corpus.far import gain
from benchmark.tasks.language import BATCH_TOKENS, ROWS, TARGETS, Corpus
from benchmark.tasks.task import UNSCORED


@pytest.fixture(scope="module")
def sanguo() -> Corpus:
    return Corpus()


@pytest.fixture(scope="module")
def shuihu() -> Corpus:
    return Corpus(text="shuihu")


def rows(task: Corpus, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    batches = list(task.evaluation(length))
    return torch.cat([batch.tokens for batch in batches]), torch.cat([batch.targets for batch in batches])


def test_training_rows_are_windows_of_the_training_text(sanguo: Corpus) -> None:
    batch = sanguo.sample(7, 13, generator("test"))
    assert batch.tokens.shape == batch.targets.shape == (7, 13)
    assert batch.tokens.dtype == batch.targets.dtype == torch.int64
    windows = sanguo.train.unfold(0, 14, 1)
    for tokens, targets in zip(batch.tokens, batch.targets, strict=True):
        row = torch.cat((tokens, targets[-1:]))
        assert torch.equal(row[1:], targets)
        assert (windows == row).all(dim=1).any()


def test_the_same_generator_gives_the_same_rows_and_another_gives_others(sanguo: Corpus) -> None:
    first, again, other = (sanguo.sample(5, 11, generator("test", seed)) for seed in (1, 1, 2))
    assert torch.equal(first.tokens, again.tokens)
    assert not torch.equal(first.tokens, other.tokens)


def test_every_window_can_be_drawn(tmp_path: Path) -> None:
    task = Corpus(text="shuihu")
    task.train = torch.arange(7)
    starts = task.sample(200, 3, generator("test")).tokens[:, 0]
    assert set(starts.tolist()) == {0, 1, 2, 3}


def test_rows_by_hand(tmp_path: Path) -> None:
    """Characters in a cycle, one paragraph per round: each is followed by the next, in training and in test."""
    path = tmp_path / "circle.txt"
    path.write_text("子丑寅卯\n\n" * 500, "utf-8")
    task = Corpus(text=str(path), tokenizer="char")
    circle = "子丑寅卯\n子"
    for batch in (task.sample(3, 5, generator("golden")), next(iter(task.evaluation(5)))):
        for tokens, targets in zip(batch.tokens.tolist(), batch.targets.tolist(), strict=True):
            for token, target in zip(tokens, targets, strict=True):
                sign, following = (task.corpus.vocabulary[number] for number in (token, target))
                assert circle[circle.index(sign) + 1] == following


@pytest.mark.parametrize(("short", "long"), [(1, 17), (17, 256), (256, 400)])
@pytest.mark.parametrize("name", ["sanguo", "shuihu"])
def test_rows_of_every_length_end_with_the_same_targets(
    name: str, short: int, long: int, request: pytest.FixtureRequest
) -> None:
    task: Corpus = request.getfixturevalue(name)
    near, far = rows(task, short), rows(task, long)
    assert torch.equal(near[0], far[0][:, -short:])
    assert torch.equal(near[1], far[1][:, -short:])


def test_evaluation_rows_are_held_out_text_and_end_with_it(shuihu: Corpus) -> None:
    length = 400
    tokens, targets = rows(shuihu, length)
    held_out = shuihu.held_out.tolist()
    assert len(tokens) == len(shuihu.ends) == ROWS
    for end, row, wanted in zip(shuihu.ends.tolist(), tokens.tolist(), targets.tolist(), strict=True):
        assert row == held_out[end - length : end]
        assert wanted == held_out[end - length + 1 : end + 1]
    assert targets[-1, -1] == held_out[-1]


def test_evaluation_batches_are_bounded(sanguo: Corpus) -> None:
    for length in (64, 4096, BATCH_TOKENS + 1):
        batches = list(sanguo.evaluation(length))
        assert sum(len(batch.tokens) for batch in batches) == ROWS
        assert all(batch.tokens.numel() <= max(length, BATCH_TOKENS) for batch in batches)


def test_chance_is_the_smoothed_unigram_model(shuihu: Corpus) -> None:
    train, held_out = shuihu.train.tolist(), shuihu.held_out.tolist()
    counts = Counter(train)
    total = len(train) + shuihu.vocabulary
    loss = sum(-math.log((counts[token] + 1) / total) for token in held_out) / len(held_out)
    commonest = counts.most_common(1)[0][0]
    chance = shuihu.chance(64)
    assert chance["loss_nats"] == pytest.approx(loss, rel=1e-9)
    assert chance["token_accuracy"] == pytest.approx(held_out.count(commonest) / len(held_out))
    assert chance["loss_nats"] < math.log(shuihu.vocabulary)


def test_figures_of_the_text_are_at_hand(sanguo: Corpus) -> None:
    assert sanguo.vocabulary == 4096
    assert 0 < sanguo.unknown_rate < 0.01
    assert 1 < sanguo.characters_per_token < 2
    assert sanguo.tokens(64) == 64


def test_bits_per_character_compare_tokenizers() -> None:
    """One guesser by token frequency, on one text: losses depend on the tokenizer, bits per character less so."""
    made = [Corpus(text="shuihu", tokenizer=tokenizer) for tokenizer in ("jieba", "char", "whitespace")]
    losses = [task.chance(64)["loss_nats"] for task in made]
    bits = [loss / math.log(2) / task.characters_per_token for loss, task in zip(losses, made, strict=True)]
    assert len({task.characters_per_token for task in made}) == 3
    assert max(bits) / min(bits) < 1.2
    assert [task.text_notes for task in made] == [[]] * 3


def test_a_text_too_short_is_refused_with_the_numbers(shuihu: Corpus) -> None:
    held_out, train = len(shuihu.held_out), len(shuihu.train)
    room = held_out // 2
    shuihu.check(room, train // 2)
    with pytest.raises(UsageError, match=rf"has {held_out} tokens, room for rows of {room}.* length is {room + 1};"):
        shuihu.check(room + 1, 64)
    with pytest.raises(UsageError, match="is too short"):
        list(shuihu.evaluation(room + 1))
    with pytest.raises(UsageError, match=rf"training part has {train} tokens.*needs {2 * train}"):
        shuihu.check(64, train)
    with pytest.raises(UsageError, match=rf"has {train} tokens, but a row of length {train} needs {train + 1}"):
        shuihu.sample(1, train, generator("test"))


def test_a_users_file_works_whatever_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSITION_BENCHMARK_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "<script>alert(1)<"
    path.write_text("The quick brown fox jumps over the lazy dog. " * 200, "utf-8")
    task = Corpus(text=str(path), vocabulary=64)
    assert task.corpus.info.name == path.name
    assert rows(task, 20)[0].shape == (ROWS, 20)
    assert task.corpus.info.tokenizer == "whitespace"
    assert task.chance(20)["token_accuracy"] == pytest.approx(0.1, abs=0.01)  # nine words and a full stop


@pytest.mark.parametrize(("length", "train_length"), [(7, 5), (64, 5), (111, 5), (320, 5), (13, 100)])
def test_windows_of_every_length_cover_the_same_targets_once(shuihu: Corpus, length: int, train_length: int) -> None:
    text = min(64 * train_length, len(shuihu.held_out) // 2)
    targets: list[int] = []
    for batch in shuihu.views(length, train_length)["windows"]:
        assert torch.equal(batch.tokens[:, 1:], batch.targets[:, :-1])
        targets += batch.targets.flatten().tolist()
    assert targets == shuihu.held_out[-text:].tolist()


def test_windows_longer_than_their_text_are_not_made(shuihu: Corpus) -> None:
    assert "windows" not in shuihu.views(2 * 64 + 1, 2)


@pytest.mark.parametrize(("train_length", "shared"), [(1, 1), (11, 5), (150, 64)])
def test_crop_asks_for_the_shared_targets_after_exactly_so_many_tokens(
    shuihu: Corpus, train_length: int, shared: int
) -> None:
    batches = list(shuihu.views(train_length, train_length)["crop"])
    tokens, targets = (torch.cat([getattr(batch, name) for batch in batches]) for name in ("tokens", "targets"))
    assert tokens.shape == (ROWS * shared, train_length)
    assert (targets[:, :-1] == UNSCORED).all()
    long, wanted = rows(shuihu, train_length + shared)
    assert sorted(targets[:, -1].tolist()) == sorted(wanted[:, -shared:].flatten().tolist())
    contexts = {tuple(row) for row in long.unfold(1, train_length, 1).flatten(0, 1).tolist()}
    assert set(map(tuple, tokens.tolist())) <= contexts


def test_crop_is_made_once_and_where_there_is_text_before_it(shuihu: Corpus) -> None:
    room = len(shuihu.held_out) // 2
    assert "crop" not in shuihu.views(64, 32)
    assert "crop" in shuihu.views(room - 63, room - 63)
    assert "crop" not in shuihu.views(room - 62, room - 62)


def test_reports_count_the_targets_that_are_cropped() -> None:
    assert SHARED_TARGETS == TARGETS


def test_far_targets_are_the_same_tokens_at_every_length_past_the_trained_one(sanguo: Corpus) -> None:
    shared = 32
    last = {length: sanguo.subsets(length, 64)["far"][:, -shared:] for length in (64, 128, 1024)}
    assert all(torch.equal(chosen, last[64]) for chosen in last.values())
    assert all(sanguo.subsets(length, 64)["far"].sum() == last[64].sum() for length in last)
    assert sanguo.subsets(128, 64)["far"].shape == rows(sanguo, 128)[1].shape
    assert torch.equal(sanguo.subsets(13, 64)["far"], last[64][:, -13:])


def test_a_useful_share_of_targets_needs_far_context(sanguo: Corpus) -> None:
    """The numbers that docs/tasks.md states."""
    assert [int(sanguo.subsets(128, each)["far"].sum()) for each in (64, 128)] == [170, 292]


def test_far_targets_are_those_that_far_context_makes_likelier(shuihu: Corpus) -> None:
    targets = shuihu.ends[:, None] + torch.arange(-14, 1)
    held_out = shuihu.held_out.numpy()
    gains = gain(shuihu.train.numpy(), held_out, targets.flatten().numpy(), shuihu.vocabulary, near=31, far=392)
    chosen = shuihu.subsets(31, 31)["far"][:, -15:].flatten()
    assert 0.05 < chosen.float().mean() < 0.3
    assert gains[chosen.numpy()].min() >= 1 > gains[~chosen.numpy()].max()


def test_without_room_for_far_context_there_are_no_far_targets(shuihu: Corpus) -> None:
    room = len(shuihu.held_out) // 2
    assert shuihu.subsets(200, 200)
    assert shuihu.subsets(room - 63, room - 63) == {}
