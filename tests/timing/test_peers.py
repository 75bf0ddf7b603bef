"""The comparison with other libraries compares like with like. No time is asserted."""

import io
import json

import pytest
import torch
from click.testing import CliRunner
from torch.utils.flop_counter import FlopCounterMode

from benchmark import tasks
from benchmark.cli import main
from benchmark.cli.terminal import peers as shown
from benchmark.errors import UsageError
from benchmark.reports.stats.verdict import fewest_seeds
from benchmark.timing import by_hand, peers, side_by_side, steps
from benchmark.timing.peers import Size
from benchmark.timing.steps import HALF, OURS, PRODUCT, Case

# x-transformers warns when it is imported.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")

SIZE = Size(width=12, heads=3, layers=2, vocabulary=17, longest=7)
PAIRS = [(peer, encoding) for peer, encodings in peers.ENCODINGS.items() for encoding in encodings]
WORK = {
    "task": "offset-recall:back=2:symbols=3",
    "encodings": ["rope", "alibi"],
    "seeds": [0],
    "lengths": [7, 13],
    "width": 12,
    "heads": 3,
    "layers": 1,
    "train_length": 7,
    "steps": 3,
    "batch": 5,
    "learning_rate": 1e-3,
    "warmup_steps": 2,
}
CASE = {
    "encoding": "rope",
    **vars(SIZE),
    "rows": 5,
    "length": 7,
    "operations": 3e9,
    "product_operations": 2e10,
    "threads": 1,
    "device": "cpu",
    "seconds": {
        OURS: [0.5, 0.5],
        HALF: [0.25, 0.25],
        "x-transformers": [0.75, 0.75],
        "transformers": [1.0, 1.0],
        PRODUCT: [1.0, 1.0],
    },
}


@pytest.mark.parametrize(("peer", "encoding"), PAIRS)
def test_a_peer_has_our_matrices_and_sees_no_later_token(peer, encoding):
    model = peers.make(peer, encoding, SIZE).eval()
    matrices = sum(weight.numel() for weight in model.parameters() if weight.dim() > 1)
    assert matrices == 2 * 17 * 12 + 2 * 12 * 12**2
    tokens = torch.randint(17, (2, 7), generator=torch.Generator().manual_seed(0))
    other = tokens.clone()
    other[:, 5:] = (other[:, 5:] + 1) % 17
    with torch.no_grad():
        before, after = model(tokens), model(other)
    assert before.shape == (2, 7, 17)
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert not before[:, 5:].allclose(after[:, 5:])


@pytest.mark.parametrize(("peer", "encoding"), PAIRS)
def test_a_peer_has_the_encoding_asked_for(peer, encoding):
    """In one layer without positions, the last token is blind to the order of the others."""
    model = peers.make(peer, encoding, Size(**{**vars(SIZE), "layers": 1})).eval()
    tokens = torch.tensor([[1, 2, 3, 4, 5, 6, 7]])
    with torch.no_grad():
        last, shuffled = model(tokens)[:, -1], model(tokens[:, [2, 0, 1, 5, 3, 4, 6]])[:, -1]
    assert last.allclose(shuffled, atol=1e-6) == (encoding == "none")


def test_a_step_is_counted_as_torch_counts_it():
    size = Size(width=16, heads=2, layers=3, vocabulary=512, longest=64)
    step = steps.our_step(Case(size=size, encoding="none"))
    with FlopCounterMode(display=False) as counter:
        step()
    weights = 6.0 * steps.ROWS * steps.LENGTH * (12 * 3 * 16**2 + 512 * 16)
    # Products with weights, forward and backward: torch does not count fused attention on a CPU.
    counted = sum(count for op, count in counter.get_flop_counts()["Global"].items() if "mm" in str(op))
    assert counted == weights
    scores = 6.0 * steps.ROWS * steps.LENGTH * 3 * 16 * 64
    assert steps.operations(size, steps.ROWS, steps.LENGTH) == weights + scores


def test_a_step_of_each_kind_trains(monkeypatch):
    monkeypatch.setattr(steps, "MATRIX", 3)
    found = steps.measure(Case(size=steps.SIZES[0], encoding="alibi"), 2, lambda: 1.0)
    assert found["seconds"] == {name: [0.0, 0.0] for name in (OURS, HALF, "x-transformers", "transformers", PRODUCT)}
    json.dumps(found)


def test_the_faster_of_two_is_kept():
    now = [0.0]

    def taking(seconds: float) -> steps.Step:
        return lambda: now.__setitem__(0, now[0] + seconds)

    slow, fast = taking(3.0), taking(2.0)
    assert steps.faster([(True, slow), (False, fast)], lambda: now[0]) == (False, fast)


def test_the_loop_by_hand_measures_every_model_at_every_length(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(WORK)))
    by_hand.main()
    found = json.loads(capsys.readouterr().out)
    assert [(each["encoding"], each["seed"]) for each in found] == [("rope", 0), ("alibi", 0)]
    assert all(set(each["accuracy"]) == {"7", "13"} for each in found)


def test_the_loop_by_hand_counts_right_places():
    task = tasks.make(WORK["task"])

    class Knows(torch.nn.Module):
        def forward(self, tokens):
            return torch.nn.functional.one_hot(tokens.roll(2, dims=1), 3).float()

    assert by_hand.accuracy(Knows(), task, 7, torch.device("cpu")) == 1.0
    assert by_hand.rate(0, by_hand.Work(**WORK)) == 0.5
    assert by_hand.rate(2, by_hand.Work(**WORK)) == 1.0


def test_both_sides_of_a_whole_run_do_the_same_work():
    work, arguments = side_by_side.work("cpu"), side_by_side.run_arguments("somewhere", "cpu")
    assert by_hand.Work(**work).lengths == [32, 64, 128, 256, 512]
    assert arguments[arguments.index("--encodings") + 1] == ",".join(work["encodings"])
    assert arguments[arguments.index("--tasks") + 1] == work["task"]
    assert arguments[arguments.index("--seeds") + 1] == "auto" and len(work["seeds"]) == fewest_seeds(2)


def test_a_table_gives_multiples_of_our_time():
    six = {**CASE, "seconds": {name: 3 * own for name, own in CASE["seconds"].items()}}
    row = shown.step_row(six)
    assert row["x-transformers"] == "1.50 [1.50, 1.50]"
    assert row["transformers"] == "2.00 [2.00, 2.00]"
    assert row[HALF] == "0.50 [0.50, 0.50]"
    assert row[PRODUCT] == "0.30 [0.30, 0.30]"
    assert row[OURS] == "500.00"
    assert shown.step_row(CASE)["transformers"] == "2.00"  # two rounds give no interval
    assert shown.spelled([3.0], [2.0]) == "1.50"


def test_a_report_skips_the_stored_file(tmp_path, monkeypatch):
    from benchmark.reports.tables.timings import timing_table
    from benchmark.results.files import Folder

    monkeypatch.setattr(shown, "time_steps", lambda rounds, threads, device: [CASE])
    monkeypatch.setattr(shown, "time_whole", lambda pairs, device: [(3.0, 1.5)] * pairs)
    shown.time_peers("peers", tmp_path, 20, 1, "cpu")
    (path,) = (tmp_path / "timing").iterdir()
    problems: list[str] = []
    assert timing_table(Folder(tmp_path), problems).empty
    assert problems == []
    step, whole = json.loads(path.read_bytes())["benchmarks"]
    assert step["stats"]["data"] == [0.5, 0.5]
    assert whole["extra_info"]["seconds"] == {"by hand": [3.0, 3.0]}
    assert whole["extra_info"]["task"] == "offset-recall"


def test_a_missing_library_is_named(monkeypatch):
    monkeypatch.setattr(peers, "find_spec", lambda module: None if module == "x_transformers" else object())
    with pytest.raises(UsageError, match=r"^x-transformers not installed.*pip install 'position-benchmark\[peers\]'$"):
        peers.require()


def test_an_option_without_effect_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["time", "--suite", "peers-step", "--width", "64"])
    assert result.exit_code == 2
    assert result.stderr == (
        "error: --width is not an option of --suite peers-step, which takes --device, --results, --rounds, --threads: "
        "omit it\n"
    )
    assert list(tmp_path.iterdir()) == []
