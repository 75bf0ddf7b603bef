"""`run --checkpoint` and `time --suite checkpoint` as typed: what they print, refuse, and read from a file."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import tiny
import torch
from click.testing import CliRunner, Result
from running import Here

from benchmark import api
from benchmark.checkpoints.checkpoint import open_checkpoint
from benchmark.cli import main
from benchmark.cli.terminal import reading as terminal
from benchmark.encodings import CATALOGUE, measured
from benchmark.errors import UsageError
from benchmark.experiments.executor import Event
from benchmark.experiments.plan import Cell
from benchmark.experiments.precheck import check
from benchmark.results.record import EvalRecord
from benchmark.results.store import Store
from benchmark.timing import reading

L, LONGER = tiny.LENGTH, 401  # the second has room for the question after a pass key, letter by letter
STRETCHING = ("pi", "ntk", "ntk-dynamic", "yarn", "yarn-paper", "llama3", "longrope", "rerope", "leaky-rerope")
ALL = ("rope", *STRETCHING, "self-extend", "dca", "string", "logn", "irope", "none", "drop")

Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs a command in an empty folder, with cells in this process."""
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(main, list(map(str, arguments)), obj=Here(Store(Path("results"))))

    return invoke


@pytest.fixture
def asked(folder: Path, corpus: Path) -> tuple[object, ...]:
    """The options of a small run."""
    return "run", "--checkpoint", folder, "--corpus", corpus, "--precision", "float32", "--device", "cpu"


Losses = Mapping[tuple[str, int], float]


@pytest.fixture(scope="module")
def losses(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Losses]:
    """The summed loss of one document, by task, and by encoding and length."""
    model = tiny.save(tmp_path_factory.mktemp("longer"), max_position_embeddings=LONGER)
    tiny.characters().save_pretrained(model)
    results = tmp_path_factory.mktemp("results")
    done = api.run(
        ",".join(ALL),
        "text:targets=8,passkey",
        checkpoint=model,
        corpus=corpus,
        precision="float32",
        lengths=[1, 2],
        seeds=1,
        results=results,
        executor=Here(Store(results)),
    )
    assert not done.failures
    tasks = {record.spec.key: record.spec.task.name for record in done.store.records() if record.kind == "train"}
    found: dict[str, dict[tuple[str, int], float]] = {"text": {}, "passkey": {}}
    for record in done.store.records():
        if isinstance(record, EvalRecord):
            loss = float(done.store.arrays(record)["row_loss"].sum())
            found[tasks[record.spec.train_key]][record.spec.encoding.name, record.spec.length] = loss
    return found


@pytest.mark.slow
@pytest.mark.parametrize("task", ["text", "passkey"])
@pytest.mark.parametrize("encoding", ALL)
def test_every_encoding_that_adapts_rope_reads_a_document(encoding: str, task: str, losses: dict[str, Losses]) -> None:
    of_rope, of_none = (
        {length: losses[task][name, length] for length in (LONGER, 2 * LONGER)} for name in ("rope", "none")
    )
    own = {length: losses[task][encoding, length] for length in (LONGER, 2 * LONGER)}
    assert all(0 < each < float("inf") for each in own.values())
    if encoding != "rope":
        assert own[2 * LONGER] != pytest.approx(of_rope[2 * LONGER], rel=1e-4)
    if encoding in ("logn", "ntk-dynamic"):
        assert own[LONGER] == pytest.approx(of_rope[LONGER], rel=1e-5)  # within L they are rope
    if encoding == "drop":
        assert own == of_none


def test_list_says_exactly_what_a_run_takes(folder: Path, corpus: Path, tmp_path: Path) -> None:
    def takes(name: str) -> bool:
        try:
            api.run(
                name,
                "text:targets=8",
                checkpoint=folder,
                corpus=corpus,
                precision="float32",
                lengths=[1],
                seeds=1,
                results=tmp_path,
                executor=Checking(Store(tmp_path)),
            )
        except UsageError:
            return False
        return True

    stated = {name: facts["checkpoint"] for name, facts in measured().items()}
    assert {name: takes(name) for name in CATALOGUE.table} == stated
    assert {name for name in ALL if not stated[name]} == set()
    assert not stated["head-scale"]


class Checking(Here):
    """Refuses what cannot work, and runs nothing."""

    def run(self, cells: Sequence[Cell], *, force: bool, retry_failed: bool) -> Iterator[Event]:
        check(cells, "cpu", lambda *_, **__: None)
        yield from ()


def test_a_dry_run_says_what_is_left_in_how_much_memory_and_time(call: Call, asked: tuple[object, ...]) -> None:
    asked = (*asked, "--encodings", "rope,none", "--tasks", "text:targets=8", "--lengths", "1,2", "--seeds", 2)
    before = call(*asked, "--dry-run")
    assert before.exit_code == 0, before.output
    rows = [line.split() for line in before.output.splitlines() if line.startswith("text:targets=8")]
    assert [(row[2], row[3], row[4], row[5]) for row in rows] == [
        (encoding, str(length), "2", "2") for encoding in ("rope", "none") for length in (L, 2 * L)
    ]
    assert all(row[-1] == "?" and row[-2] == "GB" for row in rows)
    assert f"2 cells, 0 finished, 2 to do (a cell is a document): {2 * 2 * 3 * L} tokens to read" in before.output
    assert "the time of 8 measurements is not known yet" in before.output
    assert not Path("results/cells").exists()
    assert call(*asked, "--no-report").exit_code == 0
    more = call(*asked[:-1], 3, "--dry-run")
    assert "3 cells, 2 finished, 1 to do" in more.output
    assert "those whose time is known" in more.output
    assert "not known yet" not in more.output
    assert call(*asked, "--dry-run", "--format", "json").exit_code == 2


def test_rounds_speak_of_documents(call: Call, asked: tuple[object, ...]) -> None:
    few = ("--tasks", "text:targets=8", "--lengths", "1,2", "--seeds", "auto:7", "--no-report")
    said = call(*asked, "--encodings", "rope,pi", *few)
    assert said.exit_code == 0, said.output
    assert "round 1: 6 documents of text:targets=8" in said.output
    assert "document 0: done" in said.output
    assert " decided with " in said.output
    assert "seed" not in said.output
    planned = call(*asked, "--tasks", "text:targets=8", "--lengths", "1", "--seeds", "auto:9", "--dry-run").output
    assert "automatic documents: " in planned
    assert "seed" not in planned


def test_an_encoding_that_searches_says_that_it_is_not_fitted(call: Call, asked: tuple[object, ...]) -> None:
    asked = (*asked, "--tasks", "text:targets=8", "--lengths", "1", "--seeds", 1, "--dry-run")
    said = call(*asked, "--encodings", "rope,longrope:factor=2").output
    assert said.startswith("longrope:factor=2 is not fitted to a checkpoint: it reads with the values")
    assert "not fitted" not in call(*asked, "--encodings", "rope,yarn").output


def test_what_adapts_another_encoding_is_left_out_of_a_group_and_refused_by_itself(
    call: Call, asked: tuple[object, ...]
) -> None:
    asked = (*asked, "--tasks", "text:targets=8", "--lengths", "1", "--seeds", 1, "--dry-run")
    said = call(*asked)
    assert said.exit_code == 0, said.output
    assert "head-scale adapts models trained with none, and a checkpoint was trained with rope: left out" in said.output
    refused = call(*asked, "--encodings", "head-scale:base=rope")
    assert refused.exit_code == 2
    assert "nothing is left: choose encodings that adapt rope" in refused.output


def test_a_run_says_which_scalings_are_made_for_longer_rows(call: Call, asked: tuple[object, ...]) -> None:
    asked = (*asked, "--tasks", "text:targets=8", "--lengths", "1,2", "--seeds", 1, "--dry-run", "--encodings")
    said = call(*asked, "rope,pi,yarn:factor=3,ntk:factor=2")
    assert (
        "made for longer rows than the longest here, 2 L, which costs loss within L: pi (4 L), yarn:factor=3 (3 L); "
        in (said.output.replace("\n", " "))
    )
    assert "made for longer" not in call(*asked, "rope,pi:factor=2,self-extend").output


@pytest.mark.parametrize(
    "encoding", ["rope:base=10000", "logn:base.base=1E4", "rope:base=700|10_000", "pi,ntk：base＝10000.0"]
)
def test_a_base_that_would_be_taken_for_the_checkpoints_own_is_refused(
    encoding: str, call: Call, asked: tuple[object, ...]
) -> None:
    asked = (*asked, "--tasks", "text:targets=8", "--lengths", "1", "--seeds", 1, "--dry-run")
    refused = call(*asked, "--encodings", encoding)
    assert refused.exit_code == 2
    assert "stands for the checkpoint's own (443); for a base like it, write 10001" in refused.output
    assert call(*asked, "--encodings", "rope:base=10001").exit_code == 0


def test_a_file_of_options_names_a_checkpoint(call: Call, folder: Path, corpus: Path) -> None:
    lines = [f'checkpoint = "{folder}"', f'corpus = "{corpus}"', 'tasks = "text:targets=8"', 'lengths = "1,2"']
    Path("options.toml").write_text("\n".join([*lines, 'precision = "float32"', 'encodings = "rope"', "seeds = 1"]))
    done = call("run", "--config", "options.toml", "--no-report", "--device", "cpu")
    assert done.exit_code == 0, done.output
    records = [record for record in Store(Path("results")).records() if isinstance(record, EvalRecord)]
    assert {record.spec.length for record in records} == {L, 2 * L}
    refused = call("run", "--config", "options.toml", "--steps", 5)
    assert refused.exit_code == 2
    assert "--steps says how to train" in refused.output


def test_both_sides_of_the_timing_read_the_same_row(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SCORED", 5)
    checkpoint = open_checkpoint(str(folder), precision="float32")
    asked = reading.Asked(encodings=("rope",), lengths=(40,), rounds=1, threads=1, device="cpu", checkpoint=str(folder))
    rows: list[torch.Tensor] = []
    monkeypatch.setattr(
        "benchmark.checkpoints.reader.Reader.log_likelihoods",
        lambda self, row, places: rows.append((row, places)),
    )
    monkeypatch.setattr(reading, "read_by_theirs", lambda model, row, device: rows.append((row, model)))
    ((encoding, length, readings),) = reading.cases(checkpoint, asked)
    assert (encoding, length, set(readings)) == ("rope", 40, {"ours", "transformers"})
    assert reading.rounds_of(readings, 3, iter(range(100)).__next__) == {"ours": [1] * 3, "transformers": [1] * 3}
    (row, places), (theirs, model), *_ = rows
    assert torch.equal(row, theirs)
    assert places.tolist() == [35, 36, 37, 38, 39]
    logits = model(row[None]).logits[0, :-1].log_softmax(-1).gather(1, row[1:, None])[34:, 0]
    assert model.config._attn_implementation == "sdpa"
    monkeypatch.undo()
    ours = checkpoint.reader("rope").log_likelihoods(row, places).log_likelihood
    torch.testing.assert_close(logits.double(), ours, rtol=0, atol=1e-4)


@pytest.mark.slow
def test_the_timing_has_lengths_of_its_own_and_refuses_what_a_checkpoint_cannot_take(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = call("time", "--suite", "checkpoint", "--encodings", "classic")
    assert refused.exit_code == 2
    assert "sinusoidal adds to the token embeddings" in refused.output
    seen: list[reading.Asked] = []
    monkeypatch.setattr(terminal, "_measured", lambda asked: seen.append(asked) or ())
    call("time", "--suite", "checkpoint")
    assert (seen[0].encodings, seen[0].lengths) == (("rope",), (2048, 8192, 16384))


def test_the_timing_of_a_checkpoint_prints_and_keeps_every_case(call: Call, folder: Path) -> None:
    asked = ("time", "--suite", "checkpoint", "--rounds", 20, "--threads", 1, "--device", "cpu")
    done = call(*asked, "--checkpoint", folder, "--encodings", "rope,pi", "--lengths", "40,80")
    assert done.exit_code == 0, done.output
    (path,) = Path("results/timing").glob("*.json")
    kept = json.loads(path.read_text())["benchmarks"]
    assert [each["name"] for each in kept] == [
        f"reading {length} tokens, {encoding}, {precision}"
        for precision in ("float32", "bfloat16")
        for length in (40, 80)
        for encoding in ("rope", "pi")
    ]
    assert str(path) in done.output
    assert "transformers, times ours" in done.output
    assert call(*asked, "--checkpoint", "no/such").exit_code == 2
