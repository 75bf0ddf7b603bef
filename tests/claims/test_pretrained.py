"""A claim about a pretrained checkpoint, on planted records: judged by its documents, and by no model trained here."""

from pathlib import Path
from types import ModuleType

import pytest

from benchmark.checkpoints.tasks import CATALOGUE
from benchmark.claims.evidence import conditions
from benchmark.claims.judging import Judgement, judge
from benchmark.claims.registry import registered
from benchmark.claims.sentences import decides, runs_for
from benchmark.experiments.origins import task_facts
from benchmark.results.spec import CheckpointSpec
from benchmark.results.store import Store

LENGTH = 64


def plant(root: Path, records: ModuleType, rise: float, *, documents: int = 9) -> Store:
    """Documents of one checkpoint whose loss rises by so much at 2 L."""
    store = Store(root)
    checkpoint = CheckpointSpec(name="tiny", content="0" * 32, architecture="llama")
    for document in range(documents):
        like = records.train_record("corpus", "rope", document)
        named = like.spec.task.model_copy(update={"name": "text", "label": "text (a book)"})
        spec = like.spec.model_copy(update={"task": named, "checkpoint": checkpoint})
        trained = like.model_copy(update={"spec": spec, "task": task_facts(CATALOGUE.entry("text"))})
        store.put(trained)
        for multiple, value in ((1, 2.0), (2, 2.0 + rise)):
            arrays = records._arrays_of("corpus", value, multiple * LENGTH)
            store.put(records.eval_record(trained, multiple * LENGTH), arrays)
    return store


def verdict(store: Store, id: str = "T5-CHECKPOINT") -> Judgement:
    return judge([registered()[id]], {}, conditions(store))[0]


@pytest.mark.parametrize(
    ("rise", "word"),
    [(0.0, "reproduced"), (1.5, "refuted"), (0.1, "inconclusive")],
)
def test_documents_flip_the_verdict(rise: float, word: str, tmp_path: Path, records: ModuleType) -> None:
    judged = verdict(plant(tmp_path, records, rise))
    assert judged.word == word
    assert [len(finding.values) for finding in judged.findings] == [9]


def test_few_documents_lean(tmp_path: Path, records: ModuleType) -> None:
    judged = verdict(plant(tmp_path, records, 1.5, documents=3))
    assert judged.word == "inconclusive"
    assert f"the next {judged.more_seeds} documents all agreed" in decides(judged)
    (command,) = runs_for(judged)
    seeds = ",".join(map(str, range(3 + judged.more_seeds)))
    assert "--checkpoint" in command and f"--seeds {seeds} " in command


def test_models_trained_here_say_nothing_about_it_nor_it_about_them(tmp_path: Path, records: ModuleType) -> None:
    values = {"rope": {1: [5.0] * 9, 2: [5.6] * 9, 4: [5.9] * 9}}
    own = records.write_values(tmp_path / "own", "corpus", values)
    assert not verdict(own).measured
    assert verdict(own, "T5").measured
    pretrained = plant(tmp_path / "pretrained", records, 1.5)
    assert not verdict(pretrained, "T5").measured
    both = Store.merged([own, pretrained])
    assert [verdict(both, id).word for id in ("T5", "T5-CHECKPOINT")] == ["refuted", "refuted"]
    assert verdict(both, "T5").elsewhere == ()
