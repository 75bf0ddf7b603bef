from pathlib import Path

import pytest

from benchmark.errors import UsageError
from benchmark.experiments.outstanding import outstanding
from benchmark.experiments.plan import Span, make_plan
from benchmark.experiments.presets import PRESETS, TUNED
from benchmark.experiments.request import Auto, Request
from benchmark.experiments.runs import command, request_of
from benchmark.results.store import Store
from benchmark.tasks import CATALOGUE as TASKS
from benchmark.tasks import make

ROOT = Path(__file__).parents[2]


def plan(**asked):
    return make_plan(Request(**{"preset": "smoke", "tasks": "copy,offset-recall", "encodings": "rope,alibi", **asked}))


def test_a_plan_is_the_full_grid_each_cell_once() -> None:
    cells = plan(encodings="rope,alibi,rope:base=10000").cells
    assert len(cells) == 2 * 2 * 2  # tasks, encodings (one named twice), seeds
    assert len({cell.train.key for cell in cells}) == len(cells)


def test_a_sweep_is_an_encoding_per_value_and_repeats_as_the_same_command() -> None:
    swept = plan(encodings="rope:base=3|5,alibi", tasks="copy", seeds=(0,))
    assert [cell.train.encoding.label for cell in swept.cells] == ["rope:base=3", "rope:base=5", "alibi"]
    assert request_of(command(swept.request)) == swept.request


def test_cells_of_a_comparison_differ_only_in_the_encoding() -> None:
    rope, alibi = (
        next(cell.train for cell in plan().cells if cell.train.encoding.name == name) for name in ("rope", "alibi")
    )
    assert rope.model_dump(exclude={"encoding"}) == alibi.model_dump(exclude={"encoding"})
    assert rope.key != alibi.key


def test_a_test_time_encoding_shares_the_model_that_it_adapts() -> None:
    cells = plan(tasks="copy", encodings="rope,yarn:factor=4,ntk", seeds=(0, 1)).cells
    assert [(cell.train.encoding.label, cell.train.init_seed) for cell in cells] == [("rope", 0), ("rope", 1)]
    for cell in cells:
        evaluated = [{spec.encoding.label for spec in measure.evaluations} for measure in cell.measures]
        assert evaluated == [{"rope"}, {"yarn"}, {"ntk"}]  # 4 is the default factor
        assert len({spec.key for measure in cell.measures for spec in measure.evaluations}) == 3 * len(
            cell.measures[0].evaluations
        )


@pytest.mark.parametrize(
    ("encoding", "trained"),
    [
        ("yarn:base=500000", "rope:base=500000"),
        ("ntk-dynamic:factor=2", "rope"),
        ("logn", "rope"),
        ("logn:base=alibi", "alibi"),
        ("drop", "drop"),
    ],
)
def test_which_model_is_trained(encoding: str, trained: str) -> None:
    (cell,) = plan(tasks="copy", encodings=encoding, seeds=(0,)).cells
    assert cell.train.encoding.label == trained
    (measure,) = cell.measures
    assert {spec.encoding.label for spec in measure.evaluations} == {encoding}


def test_seeds_are_paired_and_init_and_data_have_their_own() -> None:
    for cell in plan(seeds=(3, 5)).cells:
        assert cell.train.init_seed == cell.train.data_seed
        assert cell.train.init_seed in (3, 5)


def test_the_key_of_a_corpus_depends_on_its_text_not_its_path(tmp_path) -> None:
    text = "第一回\n" + "天下大势，分久必合。" * 60 + "\n第二回\n" + "合久必分，周末七国分争。" * 60
    keys = []
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(text, "utf-8")
        keys.append({cell.train.key for cell in plan(tasks="corpus", corpus=str(tmp_path / name)).cells})
    assert keys[0] == keys[1]
    (tmp_path / "b.txt").write_text(text + "新", "utf-8")
    assert {cell.train.key for cell in plan(tasks="corpus", corpus=str(tmp_path / "b.txt")).cells} != keys[0]


def test_the_key_of_a_corpus_depends_on_its_tokenizer() -> None:
    items = ("corpus", "corpus:tokenizer=jieba", "corpus:tokenizer=char", "corpus:tokenizer=whitespace")
    keys = [frozenset(cell.train.key for cell in plan(tasks=item).cells) for item in items]
    assert keys[0] == keys[1]
    assert len({key for each in keys[1:] for key in each}) == 3 * len(keys[0])
    (label,) = {cell.train.task.label for cell in plan(tasks=items[2]).cells}
    assert label == "corpus:tokenizer=char (shuihu)"


def test_a_text_that_is_not_chinese_says_which_tokenizer_suits_it(tmp_path) -> None:
    (tmp_path / "sea.txt").write_text("Call me Ishmael. Some years ago I went to sea.\n\n" * 40)
    path = str(tmp_path / "sea.txt")
    unnamed, named = (plan(tasks=item, corpus=path) for item in ("corpus", "corpus:tokenizer=whitespace"))
    assert unnamed.train_keys == named.train_keys
    assert {cell.train.task.label for cell in unnamed.cells} == {"corpus:tokenizer=whitespace (sea.txt)"}
    jieba = plan(tasks="corpus:tokenizer=jieba", corpus=path)
    assert {cell.train.task.label for cell in jieba.cells} == {"corpus:tokenizer=jieba (sea.txt)"}


def test_everything_is_outstanding_in_an_empty_store_longest_first(tmp_path) -> None:
    todo = outstanding(plan(tasks="copy,corpus", corpus="shuihu"), Store(tmp_path))
    costs = [cell.cost for cell in todo]
    assert len(todo) == 8
    assert costs == sorted(costs, reverse=True)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_plans_its_tasks(name: str) -> None:
    chosen = PRESETS[name]
    cells = plan(preset=name, tasks=None, encodings="classic", seeds=(0,)).cells
    budgets = sum(len(chosen.budgets_for(task)) for task in chosen.tasks)
    assert len(cells) == 5 * budgets
    for cell in cells:
        assert [spec.length for spec in cell.measures[0].evaluations] == [
            cell.train.budget.train_length * multiple for multiple in chosen.multiples
        ]


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"encodings": "roppe"}, "did you mean 'rope'"),
        ({"encodings": "test-tiem"}, "did you mean 'test-time'"),
        ({"encodings": "rope:base=ten"}, "such as 10000$"),
        ({"tasks": "countin"}, "did you mean 'counting'"),
        ({"tasks": "copi"}, "did you mean 'copy'"),
        ({"preset": "quik"}, "did you mean 'quick'"),
        ({"encodings": "rope:bse=3"}, "did you mean 'base'"),
        ({"encodings": "rope,,alibi"}, "empty item"),
        ({"tasks": "corpus", "corpus": "no/such/file"}, "no/such/file"),
    ],
)
def test_unknown_names_are_one_clear_error(asked: dict[str, str], error: str) -> None:
    with pytest.raises(UsageError, match=error):
        plan(**asked)


def test_the_command_of_a_request_asks_for_the_same_again() -> None:
    request = Request(encodings="rope:base=500000,alibi", preset="smoke", seeds=(7,), multiples=(1, 2))
    assert command(request) == (
        "python -m benchmark run --encodings rope:base=500000,alibi --preset smoke --seeds 7, --lengths 1,2"
    )


def test_the_command_of_automatic_seeds_names_their_cap() -> None:
    assert command(Request(encodings="rope", seeds=Auto(most=12))).endswith("--preset quick --seeds auto:12")
    assert "--seeds" not in command(Request(encodings="rope"))


def needed(encodings: int) -> int:
    """As many seeds as the verdict needs, nearly."""
    return 4 + encodings


@pytest.mark.parametrize(
    ("asked", "span", "note"),
    [
        ({"preset": "quick"}, Span(first=6, most=10), ""),
        ({"preset": "smoke", "seeds": Auto()}, Span(first=6, most=6), "2 encodings: the cap is 6 seeds, not 2, since"),
        ({"seeds": Auto(most=12)}, Span(first=6, most=12), ""),
        ({"seeds": Auto(most=5)}, Span(first=5, most=5), "--seeds auto:5 shows nothing among 2 encodings"),
        ({"preset": "quick", "encodings": "classic,fire,t5"}, Span(first=11, most=11), "7 encodings: the cap is 11"),
    ],
)
def test_automatic_seeds_go_from_the_first_look_to_the_cap(asked: dict[str, object], span: Span, note: str) -> None:
    request = Request(**{"tasks": "copy,offset-recall", "encodings": "rope,alibi", **asked})
    made = make_plan(request, needed)
    assert list(made.spans.values()) == [span, span]
    assert {cell.seed for cell in made.cells} == set(range(span.most))
    assert {cell.contest for cell in made.cells} == set(made.spans)
    assert len(made.notes) == bool(note) and all(line.startswith(note) for line in made.notes)


def test_leagues_count_apart() -> None:
    request = Request(encodings="rope,alibi,abacus,position-coupling,bipe", tasks="copy,addition,corpus")
    assert {span.first for span in make_plan(request, needed).spans.values()} == {6}


@pytest.mark.parametrize("seeds", [(0, 1, 2), None])
def test_seeds_that_are_given_or_fixed_have_no_rounds(seeds: tuple[int, ...] | None) -> None:
    made = make_plan(Request(encodings="rope,alibi", tasks="copy", preset="smoke", seeds=seeds), needed)
    assert made.spans == {} and made.notes == ()


def test_an_encoding_that_reads_digits_is_offered_only_to_tasks_with_numbers() -> None:
    made = plan(encodings="rope,abacus")
    assert {cell.train.encoding.name for cell in made.cells} == {"rope"}
    assert [line.partition(":")[0] for line in made.left_out] == [
        "abacus is not offered copy",
        "abacus is not offered offset-recall",
    ]
    with pytest.raises(UsageError, match=r"nothing to do: abacus is not offered copy.* such as addition"):
        plan(encodings="abacus")


@pytest.mark.parametrize("encoding", ["logn:base=abacus", "randomized:base=abacus"])
def test_a_wrapper_of_an_encoding_that_reads_digits_reads_them_too(encoding: str) -> None:
    made = plan(encodings=f"rope,{encoding}", tasks="copy,addition", seeds=(0,))
    assert [line.partition(":")[0] for line in made.left_out] == [encoding.partition(":")[0]]
    measured = [
        (cell.train.task.name, spec.encoding.label, spec.encoding.reads_digits)
        for cell in made.cells
        for spec in [measure.evaluations[0] for measure in cell.measures]
    ]
    assert measured == [("copy", "rope", False), ("addition", "rope", False), ("addition", encoding, True)]


@pytest.mark.parametrize("encoding", ["bipe", "logn:base=bipe"])
def test_an_encoding_that_reads_marks_is_offered_only_to_tasks_with_segments(encoding: str) -> None:
    made = plan(encodings=f"rope,{encoding}", tasks="corpus,addition", seeds=(0,))
    assert made.left_out == (
        f"{encoding} is not offered addition: it reads the marks that end segments, and the task has none",
    )
    measured = [
        (cell.train.task.name, spec.encoding.label, spec.encoding.reads_digits, spec.encoding.reads_marks)
        for cell in made.cells
        for spec in [measure.evaluations[0] for measure in cell.measures]
    ]
    assert [each for each in measured if each[1] != "rope"] == [("corpus", encoding, False, True)]
    assert {each[2:] for each in measured if each[1] == "rope"} == {(False, False)}
    with pytest.raises(UsageError, match=r"nothing to do: bipe is not offered copy.* or corpus for segments"):
        plan(encodings="bipe", tasks="copy")


@pytest.mark.parametrize("base", ["yarn", "logn"])
def test_a_test_time_encoding_cannot_be_the_base_of_another(base: str) -> None:
    with pytest.raises(UsageError, match=f"base is {base}, but must be an encoding that is trained itself"):
        plan(encodings=f"logn:base={base}")


def test_the_key_of_a_wrapper_depends_on_the_inner_encoding(tmp_path) -> None:
    inner = tmp_path / "mine.py"
    source = (ROOT / "benchmark" / "encodings" / "alibi.py").read_text("utf-8").replace('"alibi"', '"mine"')
    inner.write_text(source, "utf-8")
    asked = f"randomized:base={inner}"
    before = {cell.train.key for cell in plan(encodings=asked, tasks="copy").cells}
    inner.write_text(source.replace("2.0 **", "3.0 **"), "utf-8")
    assert before.isdisjoint(cell.train.key for cell in plan(encodings=asked, tasks="copy").cells)


@pytest.mark.parametrize("name", TASKS.table)
def test_every_task_has_its_own_budget(name: str) -> None:
    (quick,), (standard,) = (PRESETS[size].budgets_for(name) for size in ("quick", "standard"))
    assert quick == TUNED[name]
    assert quick.train_length >= make(name).shortest()
    assert standard.steps * standard.batch >= 2 * quick.steps * quick.batch


def test_budgets_name_only_existing_tasks() -> None:
    assert set(TUNED) == set(TASKS.table)


@pytest.mark.parametrize("name", ["a,b:c.txt", "a，b：c.txt", "text.txt"])
def test_a_text_parameter_may_hold_commas_and_colons(tmp_path, name) -> None:
    (tmp_path / name).write_text("第一回 甲\n那人听了大喜，便与众人商议。\n" * 40, "utf-8")
    made = plan(tasks=f"corpus:text={tmp_path / name},copy，reverse")
    assert {cell.task.item for cell in made.cells} == {"corpus", "copy", "reverse"}
    assert {cell.task.parameters["text"] for cell in made.cells if cell.task.item == "corpus"} == {str(tmp_path / name)}


def test_a_named_text_encoding_reaches_the_workers_and_no_key(tmp_path) -> None:
    text = "한국어 문장은 띄어쓰기를 한다. 오늘은 날씨가 좋다.\n" * 40
    names = {"euc.txt": "cp949", "utf8.txt": "utf-8"}
    found = []
    for name, encoding in names.items():
        (tmp_path / name).write_text(text, encoding)
        cells = plan(tasks="corpus", corpus=str(tmp_path / name), text_encoding=encoding).cells
        task = TASKS.load(TASKS.entry("corpus"))(**cells[0].task.parameters)
        assert task.corpus.info.characters == len(text)
        assert cells[0].model_dump_json()
        found.append({cell.train.key for cell in cells})
    assert found[0] == found[1]
    with pytest.raises(UsageError, match="unknown text encoding 'bog5'; did you mean 'big5'"):
        plan(tasks="corpus", corpus=str(tmp_path / "utf8.txt"), text_encoding="bog5")


def test_a_command_names_the_text_encoding() -> None:
    assert command(Request(corpus="a,b.txt", text_encoding="gb18030")).endswith(
        "--corpus a,b.txt --text-encoding gb18030"
    )


@pytest.mark.parametrize("idle", [{"corpus": "NOWHERE"}, {"corpus": "shuihu"}, {"text_encoding": "big5"}])
def test_a_text_that_no_task_reads_is_refused(idle: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"but no task of this run reads a text: omit it, or add a task that does"):
        plan(tasks="copy", **idle)


def test_an_encoding_of_a_built_in_text_is_refused() -> None:
    with pytest.raises(UsageError, match="only applies to a text of your own"):
        plan(tasks="copy,corpus", corpus="shuihu", text_encoding="big5")
