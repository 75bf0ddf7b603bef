"""The part of a plan that is still to do, from what the store holds."""

from collections.abc import Callable

from benchmark.experiments.plan import Cell, Measure, Plan
from benchmark.garbage import uncollected
from benchmark.results.outcomes import TRAIN, Outcome
from benchmark.results.spec import EvalSpec, LookSpec
from benchmark.results.store import Store


@uncollected()
def outstanding(plan: Plan, store: Store, *, force: bool = False, retry_failed: bool = False) -> list[Cell]:
    """What is not in the store yet, longest first. A failure counts as done unless it is to be retried."""
    todo = []
    for cell in plan.cells:
        trained = None if force else store.outcomes(cell.train.key)[TRAIN]
        if trained is None or (retry_failed and trained.status != "ok"):
            todo.append(cell)
        elif trained.status == "ok":
            left = tuple(missing(measure, cell.train.key, store, lambda _: retry_failed) for measure in cell.measures)
            if any(measure.evaluations or measure.probes for measure in left):
                todo.append(cell.model_copy(update={"measures": left}))
    return sorted(todo, key=lambda cell: -cell.cost)


def missing(measure: Measure, train_key: str, store: Store, again: Callable[[Outcome], bool]) -> Measure:
    """The part of a measure that the store lacks; a failure counts as done unless it is to be tried `again`."""
    outcomes = store.outcomes(train_key)

    def wanted(spec: EvalSpec | LookSpec) -> bool:
        outcome = outcomes[spec.key]
        if outcome is None or (outcome.status == "failed" and again(outcome)):
            return True
        return not outcome.whole

    return measure.model_copy(
        update={
            "evaluations": tuple(filter(wanted, measure.evaluations)),
            "probes": tuple(filter(wanted, measure.probes)),
        }
    )
