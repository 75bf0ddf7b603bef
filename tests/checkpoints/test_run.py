"""`run --checkpoint` on a tiny model: its plan, its records, resuming, refusals, and the first screen of its report."""

from pathlib import Path
from typing import Any

import pytest
import tiny
import torch
from running import Here

from benchmark import api
from benchmark.checkpoints.checkpoint import Checkpoint, open_checkpoint
from benchmark.errors import UsageError
from benchmark.experiments import documents
from benchmark.experiments.pretrained import in_tokens
from benchmark.experiments.request import parse_lengths
from benchmark.experiments.runs import command, request_of
from benchmark.reports.write.report import write_report
from benchmark.results.record import EvalRecord
from benchmark.results.store import Store

L = tiny.LENGTH
ASKED: dict[str, Any] = {"encodings": "rope,pi,none", "tasks": "text:targets=8", "lengths": [0.5, 1, 2], "seeds": 3}


def run(folder: Path, corpus: Path, results: Path, **changes: Any) -> tuple[api.Results, Here]:
    executor = Here(Store(results))
    asked = {**ASKED, "precision": "float32", "corpus": corpus, **changes}
    return api.run(checkpoint=folder, results=results, executor=executor, **asked), executor


def test_a_run_records_every_document_encoding_and_length_and_resumes(
    folder: Path, corpus: Path, tmp_path: Path
) -> None:
    done, first = run(folder, corpus, tmp_path)
    assert not done.failures
    records = [record for record in done.store.records() if isinstance(record, EvalRecord)]
    assert len(records) == 3 * 3 * 3
    assert {record.spec.length for record in records} == {L // 2, L, 2 * L}
    assert first.given == 3
    assert run(folder, corpus, tmp_path)[1].given == 0
    missing = next(path for path in tmp_path.glob("cells/*/*.json") if path.name != "train.json")
    before = missing.read_bytes()
    missing.unlink()
    assert run(folder, corpus, tmp_path)[1].given == 1
    again, old = EvalRecord.model_validate_json(missing.read_bytes()), EvalRecord.model_validate_json(before)
    assert again.arrays_hash == old.arrays_hash
    more = run(folder, corpus, tmp_path, seeds=4)[1]  # another document, and nothing else
    assert more.given == 1


def test_the_loss_is_that_of_the_checkpoint_itself(folder: Path, corpus: Path, tmp_path: Path) -> None:
    """By transformers' own forward pass on the end of the text, which is document 0."""
    done, _ = run(folder, corpus, tmp_path, seeds=1, encodings="rope", lengths=[1])
    checkpoint = open_checkpoint(str(folder), precision="float32")
    text = corpus.read_text()
    row = checkpoint.encode(text)[-L:]
    wanted = tiny.reference(folder, row)[range(L - 9, L - 1), row[L - 8 :]]
    (record,) = (record for record in done.store.records() if isinstance(record, EvalRecord))
    torch.testing.assert_close(
        torch.as_tensor(done.store.arrays(record)["loss_sum"]), -wanted.double(), atol=1e-4, rtol=0
    )


def test_a_length_that_does_not_fit_fails_and_the_shorter_ones_go_on(
    folder: Path, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Checkpoint, "bytes_needed", lambda self, length, encoding: 10**9 * length)
    monkeypatch.setattr(documents, "free_bytes", lambda device: 10**9 * L)
    done, _ = run(folder, corpus, tmp_path, seeds=1, encodings="rope")
    found = {record.spec.length: record for record in done.store.records() if isinstance(record, EvalRecord)}
    assert {length: record.status for length, record in found.items()} == {L // 2: "ok", L: "ok", 2 * L: "failed"}
    assert "out of memory" in str(found[2 * L].reason)
    assert done.failures


def test_where_a_row_of_l_does_not_fit_shorter_ones_are_read_without_far_targets(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = tiny.save(tmp_path / "model", max_position_embeddings=5 * L)
    room = {"few": 10**9 * 2 * L, "enough": 10**12 * L}
    found = {}
    for name, free in room.items():
        documents._holds_whole.cache_clear()
        monkeypatch.setattr(Checkpoint, "bytes_needed", lambda self, length, encoding: 10**9 * length)
        monkeypatch.setattr(documents, "free_bytes", lambda device, free=free: free)
        done, _ = run(longer, corpus, tmp_path / name, seeds=1, encodings="rope", lengths=(0.3,))
        for record in done.store.records():
            if isinstance(record, EvalRecord):
                found[name, record.spec.length == 5 * L] = record.status, "far_loss" in done.store.arrays(record)
    assert found[("few", False)] == ("ok", False)
    assert found[("few", True)][0] == "failed"
    assert found[("enough", False)] == found[("enough", True)] == ("ok", True)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"steps": 10}, "--steps says how to train"),
        ({"tune": "learning-rate"}, "--tune says how to train"),
        ({"width": 64}, "--width says how to train"),
        ({"preset": "paper"}, "--preset says how to train"),
        ({"lengths": "0"}, "--lengths is '0'"),
        ({"lengths": "two"}, "--lengths is 'two'"),
        ({"encodings": "learned"}, "choose an encoding that adapts rope"),
        ({"tasks": "copy"}, "unknown task 'copy'"),
        ({"seeds": 500}, "too few for 500 documents"),
        ({"lengths": "0.1"}, "--lengths includes 6 tokens, but the task needs at least 9"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_read(
    folder: Path, corpus: Path, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UsageError) as refused:
        run(folder, corpus, tmp_path, **changes)
    assert words in str(refused.value)
    assert not list(tmp_path.glob("cells/*/*.json"))


def test_lengths_are_multiples_of_l_or_tokens() -> None:
    assert parse_lengths(".25,1,1.5,8192", "model") == (0.25, 1, 1.5, 8192)
    assert [in_tokens(each, 8192) for each in (0.25, 1, 1.5, 12_000)] == [2048, 8192, 12_288, 12_000]
    with pytest.raises(UsageError, match="whole numbers"):
        parse_lengths(".25", None)


def test_l_is_always_measured(folder: Path, corpus: Path, tmp_path: Path) -> None:
    done, _ = run(folder, corpus, tmp_path, seeds=1, encodings="rope", lengths=[2])
    lengths = {record.spec.length for record in done.store.records() if isinstance(record, EvalRecord)}
    assert lengths == {L, 2 * L}


def test_the_command_of_a_run_is_read_back(folder: Path, corpus: Path, tmp_path: Path) -> None:
    run(folder, corpus, tmp_path, seeds=[2])
    (noted,) = Store(tmp_path).runs()
    assert command(request_of(noted.command)) == noted.command
    assert f"--checkpoint {folder}" in noted.command


def test_the_first_screen_answers_how_far_by_what_at_what_loss_and_what_retrieval_says(
    folder: Path, corpus: Path, tmp_path: Path
) -> None:
    longer = tiny.save(tmp_path / "longer", max_position_embeddings=131)
    run(longer, corpus, tmp_path / "results", tasks="text:targets=8,needle-latent", lengths="1,1.5")
    store = Store(tmp_path / "results")
    paths = write_report(store, tmp_path / "report")
    first, *_ = paths.markdown.read_text().split("\n## Bottom line")
    for words in ("llama", "L = 131", "How far", "By which scaling", "At what loss within L", "Needle by association"):
        assert words in first
    assert paths.findings[0][0] == "How far · words.txt"
    whole = paths.markdown.read_text()
    assert "seed" not in whole.replace("--seeds", "")
    assert "## Cost" not in whole
    chinese = write_report(store, tmp_path / "zh", language="zh").markdown.read_text()
    assert "种子" not in chinese
    assert "How far" not in chinese
