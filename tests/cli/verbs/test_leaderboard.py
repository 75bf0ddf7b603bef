"""`leaderboard`: what it merges, what it says, and what it refuses by name."""

import shutil
from pathlib import Path
from types import ModuleType

import pytest

from benchmark.reports.page.families import FAMILIES, colors, family
from benchmark.reports.stats.verdict import Who
from benchmark.reports.write.leaderboard import build
from benchmark.results.packing import write_pack
from benchmark.results.store import Store

TASKS = ("copy", "corpus")


@pytest.fixture(scope="module")
def shared(records: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of one person and a pack of another: both have rope, on other seeds."""
    root = tmp_path_factory.mktemp("shared")
    settings = {"tasks": TASKS, "multiples": (1, 4), "trouble": False}
    records.write_example(root / "anna", encodings=("rope", "alibi"), seeds=9, **settings)
    bo = records.write_example(root / "bo", encodings=("rope", "t5", "none"), seeds=10, **settings)
    write_pack(bo, root / "bo.zip")
    return {"anna": root / "anna", "bo": root / "bo.zip"}


@pytest.fixture
def copy(shared: dict[str, Path], tmp_path: Path) -> Store:
    """A folder to spoil."""
    shutil.copytree(shared["anna"], tmp_path / "carl")
    return Store(tmp_path / "carl")


def refused(invoke, shared, store: Store) -> str:
    outcome = invoke("leaderboard", shared["bo"], store.root, "-o", "board")
    assert outcome.exit_code == 2 and outcome.stderr.count("\n") == 1
    assert not Path("board").exists()
    return outcome.stderr


def rows(table) -> dict[str, tuple[str, ...]]:
    return {row[0].text: tuple(field.text for field in row[1:]) for row in table.rows}


def test_it_merges_and_says_whose_what_is(shared):
    page = build({name: Store(path) for name, path in shared.items()})
    places, tasks, whose = page.sections
    assert {name: row[0] for name, row in rows(places.tables[0]).items()} == {
        **{"rope": "rotation", "alibi": "bias", "t5": "bias", "none": "none"}
    }
    assert [table.title for table in tasks.tables] == ["Copy", "Language modelling"]
    for table in tasks.tables:
        found = rows(table)
        assert {name: (row[5], row[-1]) for name, row in found.items()} == {
            "rope": ("10", "anna, bo"),
            "alibi": ("9", "anna"),
            "t5": ("10", "bo"),
            "none": ("10", "bo"),
        }
        assert {row[6] for row in found.values()} == {"600 × 32"}
    assert [row[:2] for row in rows(whose.tables[0]).values()] == [
        ("alibi and rope", "36"),
        ("none, rope and t5", "60"),
    ]


def test_encodings_that_the_verdict_does_not_tell_apart_share_a_number(shared):
    from benchmark.reports.page.selection import Selection

    stores = {name: Store(path) for name, path in shared.items()}
    selection, page = Selection.of(Store.merged(list(stores.values()))), build(stores)
    for panel, table in zip(selection.panels, page.sections[1].tables, strict=True):
        verdict = selection.verdict(panel, panel.lengths[-1])
        groups = {Who(name, name): row[1] for name, row in rows(table).items()}
        for pair, duel in verdict.duels.items():
            if groups[pair[0]] == groups[pair[1]] != "floor":
                assert duel.winner is None or abs(duel.effect().value) <= verdict.margin
        assert {who for who, group in groups.items() if group == "1"} == set(verdict.candidates)
        assert {who for who, group in groups.items() if group == "floor"} == set(verdict.explained)


@pytest.mark.parametrize(
    ("language", "title", "line"),
    [
        ("en", "Leaderboard of position encodings", "leaderboard: board/index.html\n"),
        ("zh", "位置编码排行榜", "排行榜：board/index.html\n"),
    ],
)
def test_the_page(invoke, shared, tmp_path, language, title, line):
    outcome = invoke("leaderboard", *shared.values(), "-o", "board", "--lang", language)
    assert outcome.exit_code == 0 and outcome.stdout == line
    text = (tmp_path / "board" / "index.html").read_text("utf-8")
    assert f"<h1>{title}</h1>" in text and "bo.zip" in text and 'src="http' not in text
    first = (tmp_path / "board" / "index.html").read_bytes()
    invoke("leaderboard", *shared.values(), "-o", "board", "--lang", language)
    assert (tmp_path / "board" / "index.html").read_bytes() == first


def test_another_protocol_is_refused(invoke, shared, copy):
    for record in list(copy.records()):
        if record.kind == "train" and record.spec.task.name == "copy":
            shutil.rmtree(copy.folder(record.spec.key))
            copy.put(record.model_copy(update={"spec": record.spec.model_copy(update={"protocol": 2})}))
    assert "'carl' has records of protocol 2, but a leaderboard compares those of protocol 3" in refused(
        invoke, shared, copy
    )


def test_other_code_under_the_same_name_is_refused(invoke, shared, copy, records):
    trained = records.train_record("copy", "rope", 11, fingerprint="0" * 16)
    copy.put(trained)
    assert "rope of 'carl' has other code than rope of 'bo.zip'" in refused(invoke, shared, copy)


def test_a_missing_length_is_refused(invoke, shared, copy):
    for record in list(copy.records()):
        if record.kind == "evaluate" and record.spec.encoding.label == "alibi" and record.spec.length == 64:
            copy.path(record).unlink()
    told = refused(invoke, shared, copy)
    assert "alibi of 'carl' lacks copy at 4 L for seeds 0, 1, 2 and 6 more" in told


def test_a_missing_task_is_refused(invoke, shared, copy):
    for record in list(copy.records()):
        if record.kind == "train" and (record.spec.task.name, record.spec.encoding.label) == ("copy", "alibi"):
            shutil.rmtree(copy.folder(record.spec.key))
    assert "alibi of 'carl' has no copy" in refused(invoke, shared, copy)


def test_another_budget_is_refused_with_what_differs(invoke, shared, copy, records):
    for seed in range(3):
        for task in TASKS:
            trained = records.train_record(task, "xpos", seed, steps=100)
            copy.put(trained)
            for multiple in (1, 4):
                length = trained.spec.budget.train_length * multiple
                arrays = records.language_arrays if task == "corpus" else records.synthetic_arrays
                copy.put(records.eval_record(trained, length), arrays(task, "xpos", seed, length))
    told = refused(invoke, shared, copy)
    assert "xpos of 'carl' was measured on copy in another setting (budget steps 100, not 600" in told


def test_a_training_that_failed_is_a_gap_and_one_that_diverged_is_not(invoke, shared, copy):
    def ended(status: str) -> None:
        record = next(
            each for each in copy.trained() if (each.spec.task.name, each.spec.encoding.label) == ("copy", "alibi")
        )
        for path in copy.folder(record.spec.key).iterdir():
            path.unlink()
        copy.put(record.model_copy(update={"status": status, "reason": "why"}))

    ended("diverged")
    assert invoke("leaderboard", shared["bo"], copy.root, "-o", "fine").exit_code == 0
    ended("failed")
    assert "alibi of 'carl' failed on copy for seed" in refused(invoke, shared, copy)


def test_results_are_named_apart(invoke, shared, tmp_path):
    (tmp_path / "other").mkdir()
    shutil.copy(shared["bo"], tmp_path / "other" / "bo.zip")
    assert invoke("leaderboard", shared["bo"], "other/bo.zip").exit_code == 0
    text = (tmp_path / "leaderboard" / "index.html").read_text("utf-8")
    assert "other/bo.zip" in text and str(shared["bo"]) in text
    assert "is given twice" in invoke("leaderboard", shared["bo"], shared["bo"]).stderr
    assert "Missing argument" in invoke("leaderboard").stderr
    assert "no results in 'nothing'" in invoke("leaderboard", "nothing").stderr


def test_families_and_their_colours():
    assert [
        family(name) for name in ("rope:base=500000", "alibi", "learned", "randomized", "none", "yarn", "cope")
    ] == [*("rotation", "bias", "embedding", "embedding", "nothing", "test-time", "scores")]
    assert family("mine.py") == family("never-heard-of") == ""
    from benchmark.encodings import CATALOGUE

    assert {family(name) for name in CATALOGUE.names()} == set(FAMILIES)
    found = colors(["rope", "xpos", "alibi", "mine.py"])
    assert found["rope"] == found["xpos"] != found["alibi"] and "mine.py" not in found
