"""Presets: the model, and for each task a budget in which it is learned at its trained length.

Budgets belong to tasks, never to encodings: all encodings in a comparison get the same one.
"""

from benchmark.errors import unknown
from benchmark.experiments.changes import warm_up
from benchmark.experiments.request import Auto
from benchmark.results.spec import BudgetSpec, Frozen, ModelSpec


class Preset(Frozen):
    """A size of experiment. A task may be trained at several lengths, with one budget for each."""

    name: str
    purpose: str
    model: ModelSpec
    budgets: dict[str, tuple[BudgetSpec, ...]]
    other: tuple[BudgetSpec, ...]  # for tasks that `budgets` does not name
    tasks: tuple[str, ...] = ("corpus", "offset-recall", "recall-mqar", "copy")  # as `--tasks` names them
    seeds: tuple[int, ...] | Auto
    multiples: tuple[int, ...] = (1, 2, 4, 8, 16)
    corpus: str = "sanguo"

    def budgets_for(self, task: str) -> tuple[BudgetSpec, ...]:
        """The budgets of the task with a name."""
        return self.budgets.get(task, self.other)


def budget(train_length: int, steps: int, batch: int, learning_rate: float) -> BudgetSpec:
    """A budget with the usual warm-up."""
    return BudgetSpec(
        train_length=train_length,
        steps=steps,
        batch=batch,
        learning_rate=learning_rate,
        warmup_steps=warm_up(steps),
    )


# The budget of each task in `quick`: at least one classic encoding learns it at L, except where the task says why not
# (`unlearned`). docs/tasks.md lists what each one reached.
TUNED = {
    "addition": budget(3, 4000, 64, 3e-3),
    "binary-addition": budget(11, 3000, 64, 3e-3),
    "bucket-sort": budget(20, 1000, 32, 3e-3),
    "copy": budget(16, 1000, 32, 3e-3),
    "copy-repeat": budget(20, 1000, 32, 3e-3),
    "copy-twice": budget(20, 1000, 32, 3e-3),
    "corpus": budget(64, 360, 16, 5e-3),
    "count-symbol": budget(10, 4000, 64, 3e-3),
    "cycle-navigation": budget(10, 1000, 64, 3e-3),
    "dyck": budget(40, 1000, 32, 3e-3),
    "even-pairs": budget(20, 1000, 32, 3e-3),
    "first-recall": budget(20, 1000, 32, 3e-3),
    "flip-flop": budget(20, 1000, 32, 3e-3),
    "index-recall": budget(16, 1500, 64, 3e-3),
    "induction": budget(20, 1000, 32, 3e-3),
    "lego": budget(3, 1500, 64, 3e-3),
    "majority": budget(40, 1000, 32, 3e-3),
    "missing-duplicate": budget(8, 4000, 64, 3e-3),
    "modular-arithmetic": budget(3, 10000, 64, 3e-3),
    "needle": budget(32, 1000, 32, 3e-3),
    "needle-latent": budget(32, 1000, 32, 3e-3),
    "odds-first": budget(10, 3000, 64, 3e-3),
    "offset-recall": budget(32, 200, 64, 3e-3),
    "parity": budget(40, 1000, 32, 3e-3),
    "polynomial-mod-10": budget(2, 3000, 64, 3e-3),
    "recall-latest": budget(20, 2000, 64, 3e-3),
    "recall-mqar": budget(32, 800, 32, 3e-3),
    "reverse": budget(16, 1500, 64, 3e-3),
    "sort": budget(6, 3000, 64, 3e-3),
    "stack-manipulation": budget(12, 1500, 64, 3e-3),
    "state-tracking": budget(6, 2000, 64, 3e-3),
    "sum-mod-10": budget(3, 5000, 64, 3e-3),
    "variable-tracking": budget(48, 3000, 32, 3e-3),
}


def longer(quick: BudgetSpec) -> tuple[BudgetSpec, ...]:
    """The budget of `standard`, at the same trained length: three times the rows, for a larger model."""
    return (budget(quick.train_length, max(3000, quick.steps * quick.batch * 3 // 64), 64, 2e-3),)


SMOKE = Preset(
    name="smoke",
    purpose="does it run? About 15 seconds; its numbers mean nothing",
    model=ModelSpec(width=32, heads=4, layers=2),
    budgets={
        "corpus": (budget(32, 20, 8, 3e-3),),
        "variable-tracking": (budget(32, 30, 16, 3e-3),),  # a row has at least 30 tokens of assignments
    },
    other=(budget(16, 30, 16, 3e-3),),
    tasks=("corpus", "copy"),
    seeds=(0, 1),
    multiples=(1, 2, 4),
    corpus="shuihu",
)

QUICK = Preset(
    name="quick",
    purpose="the known picture in minutes on a laptop's processor",
    model=ModelSpec(width=64, heads=4, layers=2),
    budgets={task: (tuned,) for task, tuned in TUNED.items()},
    other=(budget(20, 1000, 32, 3e-3),),
    # Two encodings need 6 seeds for a clean sweep and 10 if one seed disagrees. A seed of all four tasks takes them
    # about 43 s on two cores: 6 fit into the five minutes of `make run`, with a few more for a task still open.
    seeds=Auto(most=10),
)

STANDARD = Preset(
    name="standard",
    purpose="tighter intervals from a larger model, in hours on a processor",
    model=ModelSpec(width=128, heads=4, layers=4),
    budgets={
        **{task: longer(tuned) for task, tuned in TUNED.items()},
        "corpus": (budget(128, 2000, 32, 2e-3),),
        "offset-recall": (budget(32, 1000, 64, 2e-3),),
        "recall-mqar": (budget(64, 2000, 64, 2e-3),),
        "copy": (budget(20, 3000, 64, 2e-3),),
    },
    other=(budget(20, 3000, 64, 2e-3),),
    # Five encodings need 9 seeds for a clean sweep and 15 if one seed disagrees; two encodings
    # need 14 if two disagree.
    seeds=Auto(most=15),
)

PAPER = Preset(
    name="paper",
    purpose="the size of the papers, on one large GPU",
    model=ModelSpec(width=768, heads=12, layers=12),
    budgets={
        "corpus": (budget(512, 20000, 64, 3e-4), budget(1024, 20000, 32, 3e-4)),
        "offset-recall": (budget(512, 10000, 64, 3e-4), budget(1024, 10000, 32, 3e-4)),
        "recall-mqar": (budget(512, 20000, 64, 3e-4), budget(1024, 20000, 32, 3e-4)),
        "copy": (budget(256, 20000, 64, 3e-4), budget(512, 20000, 32, 3e-4)),
    },
    other=(budget(512, 20000, 64, 3e-4), budget(1024, 20000, 32, 3e-4)),
    seeds=Auto(most=15),  # as `standard`
)

PRESETS = {preset.name: preset for preset in (SMOKE, QUICK, STANDARD, PAPER)}


def preset(name: str) -> Preset:
    """The preset with a name."""
    if name not in PRESETS:
        raise unknown("preset", name, PRESETS)
    return PRESETS[name]
