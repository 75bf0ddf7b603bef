"""The command in a report reproduces the cells that the report was made from."""

import shlex
from datetime import UTC, datetime

from benchmark.experiments.plan import make_plan
from benchmark.experiments.reproduce import command_for
from benchmark.experiments.request import Request, parse_multiples, parse_seeds
from benchmark.experiments.runs import command
from benchmark.files import write_atomically
from benchmark.results.record import Environment, EvalRecord, RunRecord, TrainRecord
from benchmark.results.store import Store

SHARED = {
    "status": "ok",
    "created": datetime(2026, 5, 4, tzinfo=UTC),
    "environment": Environment(
        benchmark="0", python="3", torch="2", platform="x", processor="y", device="cpu", threads=1
    ),
}


def test_the_command_plans_the_same_cells(tmp_path):
    request = Request(
        encodings="yarn:base=500,alibi,logn:base=alibi,t5", tasks="copy,offset-recall", seeds=(0, 3), multiples=(1, 4)
    )
    plan = make_plan(request)
    store = Store(tmp_path)
    for cell in plan.cells:
        store.put(TrainRecord(spec=cell.train, **SHARED))
        for measure in cell.measures:
            for spec in measure.evaluations:
                store.put(EvalRecord(spec=spec, **SHARED), {})
    words = shlex.split(command_for(store) or "")
    assert words[:4] == ["python", "-m", "benchmark", "run"]
    given = dict(zip(words[4::2], words[5::2], strict=True))
    again = make_plan(
        Request(
            encodings=given["--encodings"],
            tasks=given["--tasks"],
            preset=given["--preset"],
            seeds=parse_seeds(given["--seeds"]),
            multiples=parse_multiples(given["--lengths"]),
        )
    )
    assert again.keys == plan.keys


def test_tasks_with_seeds_of_their_own_are_automatic(tmp_path):
    store = Store(tmp_path)
    for task, seeds in (("copy", (0, 1)), ("offset-recall", (0, 1, 2))):
        for cell in make_plan(Request(encodings="rope", tasks=task, seeds=seeds)).cells:
            store.put(TrainRecord(spec=cell.train, **SHARED))
    assert "--seeds auto:3 " in f"{command_for(store)} "
    (gap,) = make_plan(Request(encodings="rope", tasks="copy", seeds=(7,))).cells
    store.put(TrainRecord(spec=gap.train, **SHARED))
    assert "--seeds 0,1,2,7 " in f"{command_for(store)} "


def test_the_encoding_of_a_text_is_that_of_the_last_run_that_read_it(tmp_path):
    text = tmp_path / "mine.txt"
    text.write_bytes(("却说董卓大怒，便与众人商议，次日起兵。\n" * 200).encode("gb18030"))
    asked = {"encodings": "rope", "preset": "smoke", "seeds": (0,)}
    store = Store(tmp_path / "results")
    reading = Request(**asked, tasks="corpus", corpus=str(text), text_encoding="gb18030")
    for minute, request in enumerate((reading, Request(**asked, tasks="copy"))):
        cells = make_plan(request).cells
        for cell in cells:
            store.put(TrainRecord(spec=cell.train, **SHARED))
        run = RunRecord(
            created=SHARED["created"],
            command=command(request),
            wall_seconds=1.0,
            cells=len(cells),
            train_keys=[cell.train.key for cell in cells],
        )
        write_atomically(store.root / "runs" / f"{minute}.json", run.model_dump_json().encode())
    assert "--corpus mine.txt " in (command_for(store) or "")
    assert (command_for(store) or "").endswith(" --text-encoding gb18030")
    unread = Store(
        store.root, only=frozenset(cell.train.key for cell in make_plan(Request(**asked, tasks="copy")).cells)
    )
    assert "--text-encoding" not in (command_for(unread) or "--text-encoding")


def test_records_of_no_preset_have_no_command(tmp_path):
    cell = make_plan(Request(encodings="rope", tasks="copy", seeds=(0,))).cells[0]
    other = cell.train.model_copy(update={"budget": cell.train.budget.model_copy(update={"steps": 7})})
    store = Store(tmp_path)
    store.put(TrainRecord(spec=other, **SHARED))
    assert command_for(store) is None
    assert command_for(Store(tmp_path / "empty")) is None
