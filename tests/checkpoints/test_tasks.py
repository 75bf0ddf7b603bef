"""Tasks for a checkpoint, with readers whose likelihoods are known: what is planted, what is scored, and how."""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.checkpoints import tasks
from benchmark.checkpoints.reader import Likelihoods
from benchmark.checkpoints.tasks import text
from benchmark.checkpoints.tasks.task import CheckpointTask, Outcome, Subject
from benchmark.checkpoints.text import Text, mirrored
from benchmark.errors import UsageError

FILLER = "~"
LENGTH = 1511  # characters: each is a token here
RETRIEVAL = sorted(set(tasks.TABLE) - {"text"})


def encode(text: str) -> Tensor:
    return torch.tensor([ord(each) for each in text], dtype=torch.long)


def decode(tokens: Tensor) -> str:
    return "".join(map(chr, tokens.tolist()))


class Answering:
    """Gives a continuation the log-likelihood that a rule states of document and continuation, on its last token."""

    def __init__(self, rule: Callable[[str, str], float]) -> None:
        self.rule = rule
        self.seen: list[str] = []

    def log_likelihoods(self, tokens: Tensor, places: Tensor) -> Likelihoods:
        raise AssertionError("a retrieval task reads continuations only")

    def continuations(self, prefix: Tensor, continuations: Sequence[Tensor]) -> list[Likelihoods]:
        self.seen.append(decode(prefix))
        found = []
        for own in continuations:
            values = torch.zeros(len(own), dtype=torch.float64)
            values[-1] = self.rule(decode(prefix), decode(own))
            found.append(Likelihoods(log_likelihood=values, correct=torch.zeros(len(own), dtype=torch.bool)))
        return found


def subject(reader: object, *, chinese: bool = False, size: int = 600_000) -> Subject:
    filler = Text(name="filler", tokens=torch.full((size,), ord(FILLER)), chinese=chinese, characters_per_token=1.0)
    return Subject(text=filler, opening=encode("^"), encode=encode, train_length=LENGTH, reader=reader, own=reader)


def make(name: str) -> CheckpointTask:
    return tasks.make(tasks.CATALOGUE.choice(name))


def looks_up(document: str, continuation: str) -> float:
    """Follows what the document says, as a reader of the sentences would: by regular expressions."""
    asked, answer = continuation.strip().rsplit(" ", 1)
    if f"{asked} {answer}." in document:  # passkeys and records are asked for in the words of their fact
        return 0.0
    if found := re.search(r"value of VAR (\w)", asked):
        name = found[1]
        while not name.isdigit():
            name = re.search(rf"VAR {name} = (?:VAR )?(\w+)\n", document)[1]  # type: ignore[index]
        return 0.0 if answer == name else -5.0
    if found := re.search(r"been to (.+) is named", asked):
        landmarks = {"Paris": "Eiffel Tower", "Rome": "Colosseum", "Berlin": "Brandenburg Gate", "Moscow": "Kremlin"}
        landmarks |= {"New York": "Statue of Liberty", "San Francisco": "Golden Gate Bridge", "Athens": "Acropolis"}
        landmarks |= {"Beijing": "Forbidden City", "London": "Buckingham Palace", "Washington": "White House"}
        return 0.0 if f"{answer} lives next to the {landmarks[found[1]]}." in document else -5.0
    return -5.0


def measured(name: str, rule: Callable[[str, str], float], document: int = 3, length: int = LENGTH) -> Outcome:
    return make(name).measure(subject(Answering(rule)), document, length)


@pytest.mark.parametrize("name", RETRIEVAL)
def test_a_reader_that_looks_facts_up_answers_everything(name: str) -> None:
    for document in range(3):
        arrays = measured(name, looks_up, document).arrays
        assert arrays["row_correct"].tolist() == [1] * len(arrays["row_count"])
        expected = math.log(1 + 7 * math.exp(-5))  # one candidate at 0, seven at -5
        np.testing.assert_allclose(arrays["row_loss"], expected)
        assert arrays["group_exact"].tolist() == arrays["group_rows"].tolist() == [1] * len(arrays["group_rows"])


@pytest.mark.parametrize("name", RETRIEVAL)
def test_a_reader_that_finds_all_alike_has_the_stated_chance_loss_and_no_answer(name: str) -> None:
    outcome = measured(name, lambda document, continuation: -3.0)
    assert outcome.chance["exact_match"] == 1 / 8
    np.testing.assert_allclose(outcome.arrays["row_loss"], outcome.chance["loss_nats"])
    assert not outcome.arrays["row_correct"].any()  # a tie is no answer


@pytest.mark.parametrize("name", RETRIEVAL)
def test_the_stated_shortcut_picks_among_so_many_candidates(name: str) -> None:
    """A reader that finds all that the rule names alike, and everything else far less likely."""

    def recognises(document: str, continuation: str) -> float:
        answer = continuation.rsplit(" ", 1)[1]
        asked = re.search(r"Record (\d+)", continuation)
        if not asked:
            return 0.0 if answer in document else -50.0
        keys = re.findall(rf"Record (\d+) has the value {answer}\.", document)
        return 0.0 if any(sorted(key) == sorted(asked[1]) for key in keys) else -50.0

    for document in range(20):
        outcome = measured(name, recognises, document)
        (scores,) = outcome.shortcuts.values()
        np.testing.assert_allclose(outcome.arrays["row_loss"], scores["loss_nats"], atol=1e-9)
        assert outcome.chance["exact_match"] < scores["exact_match"] == pytest.approx(math.exp(-scores["loss_nats"]))


@pytest.mark.parametrize("name", RETRIEVAL)
def test_a_guess_is_right_once_in_eight(name: str) -> None:
    """A reader that prefers an answer for its characters only is right as often as chance says."""

    def fancy(document: str, continuation: str) -> float:
        return float(hash_of(continuation.rsplit(" ", 1)[1] + str(len(document))))

    rows = [measured(name, fancy, document).arrays["row_correct"] for document in range(150)]
    share = np.concatenate(rows).mean()
    assert share == pytest.approx(1 / 8, abs=4 * math.sqrt(7 / 64 / len(np.concatenate(rows))))


def hash_of(text: str) -> int:
    return sum(ord(each) * 7**place for place, each in enumerate(text)) * 2_654_435_761 % 1009


@pytest.mark.parametrize("name", RETRIEVAL)
def test_the_row_and_its_longest_question_have_the_length_exactly_and_ask_the_same_at_every_length(name: str) -> None:
    seen: dict[int, set[str]] = {}
    for length in (LENGTH, 2 * LENGTH):
        asked: set[str] = set()

        def note(document: str, continuation: str, asked: set[str] = asked) -> float:
            asked.add(continuation)
            return 0.0

        reader = Answering(note)
        make(name).measure(subject(reader), 5, length)
        seen[length] = asked
        (row,) = reader.seen
        assert row.startswith("^")
        assert len(row) + max(map(len, asked)) == length
    assert seen[LENGTH] == seen[2 * LENGTH]


@pytest.mark.parametrize("name", ["passkey", "needle-latent", "kv-retrieval"])
def test_the_field_of_a_question_is_the_depth_of_its_fact(name: str) -> None:
    """A reader that only sees the first half of the document answers the fields above it."""

    def near_the_beginning(document: str, continuation: str) -> float:
        return looks_up(document[: len(document) // 2], continuation)

    arrays = measured(name, near_the_beginning, length=20 * LENGTH).arrays
    assert arrays["group_exact"][:2].tolist() == [1, 1]
    assert arrays["group_exact"][3:].tolist() == [0, 0]


def test_variables_are_asked_by_how_often_their_value_was_passed_on() -> None:
    def one_step(document: str, continuation: str) -> float:
        name, answer = re.search(r"VAR (\w) is (\w+)", continuation).groups()  # type: ignore[union-attr]
        return 0.0 if f"VAR {name} = {answer}\n" in document else -1.0

    assert measured("variable-tracking", one_step).arrays["group_exact"].tolist() == [1, 0, 0, 0]


def test_records_that_are_asked_for_have_three_look_alikes_among_the_candidates() -> None:
    reader = Answering(lambda document, continuation: 0.0)
    found: list[tuple[str, str]] = []
    reader.rule = lambda document, continuation: float(found.append((document, continuation)) or 0)
    make("kv-retrieval").measure(subject(reader), 1, LENGTH)
    document = found[0][0]
    records = dict(re.findall(r"Record (\d+) has the value (\d+)\.", document))
    assert len(records) == 20
    families = Counter("".join(sorted(key)) for key in records)
    assert sorted(families.values()) == [4] * 5
    by_key: dict[str, list[str]] = {}
    for _, continuation in found:
        key, value = re.search(r"Record (\d+) has the value (\d+)", continuation).groups()  # type: ignore[union-attr]
        by_key.setdefault(key, []).append(value)
    owners = {value: "".join(sorted(key)) for key, value in records.items()}
    for key, values in by_key.items():
        assert sum(owners[value] == "".join(sorted(key)) for value in values) == 4
        assert records[key] in values


@pytest.mark.parametrize("name", RETRIEVAL)
def test_a_chinese_text_has_chinese_prompts(name: str) -> None:
    reader = Answering(lambda document, continuation: 0.0)
    make(name).measure(subject(reader, chinese=True), 0, LENGTH)
    latin = set(re.findall(r"[A-Za-z]+", reader.seen[0]))
    assert latin <= {"VAR", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    assert re.search(r"[\u4e00-\u9fff]", reader.seen[0])


class Fading:
    """Each token costs its own number of nats, and less the longer the row before it: cost / (tokens before)."""

    def __init__(self) -> None:
        self.rows: list[int] = []

    def log_likelihoods(self, tokens: Tensor, places: Tensor) -> Likelihoods:
        self.rows.append(len(tokens))
        loss = tokens[places].double() / places
        return Likelihoods(log_likelihood=-loss, correct=tokens[places] % 2 == 0)

    def continuations(self, prefix: Tensor, continuations: Sequence[Tensor]) -> list[Likelihoods]:
        raise AssertionError("a text is read as it is")


def counting(size: int = 4096, *, length: int = 256, whole: bool = True) -> Subject:
    reader = Fading()
    numbers = Text(name="numbers", tokens=torch.arange(size), chinese=False, characters_per_token=1.0)
    opening = torch.tensor([7, 7])
    return Subject(
        text=numbers, opening=opening, encode=encode, train_length=length, whole=whole, reader=reader, own=reader
    )


@pytest.mark.parametrize("length", [64, 256, 512])
def test_the_targets_of_a_text_are_the_same_at_every_length(length: int) -> None:
    task = tasks.make(tasks.CATALOGUE.choice("text:targets=16"))
    arrays = task.measure(counting(), 1, length).arrays
    targets = np.arange(2048 - 16, 2048)  # document 1 ends in the middle of the text
    places = np.arange(length - 16, length)
    np.testing.assert_allclose(arrays["loss_sum"], targets / places)
    assert arrays["correct"].tolist() == (targets % 2 == 0).tolist()
    assert arrays["row_loss"] == pytest.approx(arrays["loss_sum"].sum())
    assert ("crop_loss" in arrays) == (length == 256)
    # The first targets of a row gain most from a longer one: 1 / place falls fastest there.
    assert arrays["far_count"].tolist() == [2]
    np.testing.assert_allclose(arrays["far_loss"], (targets / places)[:2].sum())


def test_targets_that_need_far_context_are_chosen_by_rows_of_l_and_of_an_eighth_before_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ticks = iter([100.0, 102.0, 200.0, 203.0, 300.0, 305.0])  # of the three rows
    monkeypatch.setattr(text.time, "perf_counter", lambda: next(ticks))
    task, asked = tasks.make(tasks.CATALOGUE.choice("text:targets=16")), counting()
    outcomes = [task.measure(asked, 1, length) for length in (512, 256, 512)]
    assert asked.own.rows == [512, 256 // 8 + 16, 256]  # each row once, though more ask for it
    assert [each.seconds for each in outcomes] == [2, 5, 2]
    assert "crop_loss" in outcomes[1].arrays


@pytest.mark.parametrize("asked", [counting(whole=False), counting(length=40)], ids=["no memory", "short"])
def test_none_are_chosen_where_a_row_of_l_does_not_fit_or_is_too_short(asked: Subject) -> None:
    arrays = tasks.make(tasks.CATALOGUE.choice("text:targets=16")).measure(asked, 1, 64).arrays
    assert "loss_sum" in arrays
    assert "far_loss" not in arrays
    assert asked.own.rows == [64]


def test_documents_share_no_token_up_to_the_stated_length() -> None:
    text = Text(name="numbers", tokens=torch.arange(4099), chinese=False, characters_per_token=1.0)
    assert [mirrored(number) for number in range(5)] == [0, 0.5, 0.25, 0.75, 0.125]
    for count in (1, 2, 3, 8, 12):
        length = next(each for each in range(4099, 0, -1) if text.documents(each) >= count)
        read = torch.cat([text.before_end(number, length) for number in range(count)])
        assert len(set(read.tolist())) == count * length


def test_a_text_that_is_too_short_is_refused_with_what_would_fit() -> None:
    text = Text(name="book", tokens=torch.arange(1000), chinese=False, characters_per_token=1.0)
    text.check(4, 250)
    with pytest.raises(UsageError, match=r"book has 1,000 tokens.* 5 documents of 250.*4 documents.*or 5 of up to 125"):
        text.check(5, 250)
    with pytest.raises(UsageError, match="no document of that length fits"):
        text.check(1, 2000)


def test_the_table_of_tasks_is_the_folder() -> None:
    files = {path.stem for path in tasks.CATALOGUE.folder.glob("*.py")}
    assert files - {"__init__", "task", "retrieval"} == set(tasks.TABLE.values())
