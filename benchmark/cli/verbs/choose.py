"""`choose`: which encodings the records leave for a need, at a length, under constraints; and what is unknown."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import benchmark
from benchmark.cli.terminal import completion
from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import Amount, spoken, table_format
from benchmark.cli.terminal.stored import name_problems, stored
from benchmark.cli.terminal.table import Row, show, show_json
from benchmark.errors import UsageError
from benchmark.reports.words import said, speaking, t

if TYPE_CHECKING:
    from benchmark.reports.page.choosing import Choice
    from benchmark.reports.stats.verdict import Who

SHIPPED = Path(benchmark.__file__).parents[1] / "results" / "reference.zip"


@click.command(
    "choose",
    epilog=examples(
        "choose --need recall,text --past 8 --fused --cached",
        "choose --need copy --past 4 --checkpoint --results path/to/results.zip",
        "choose --need text --lang zh",
    ),
)
@click.option(
    "--need",
    "needed",
    required=True,
    metavar="NAMES",
    shell_complete=completion.tasks,
    help="Tasks, or groups of them: text,recall,copy.",
)
@click.option("--past", type=Amount(positive=True), default=1, show_default=True, help="At so many times L.")
@click.option("--fused", is_flag=True, help="Only what keeps the fused attention kernel, without a mask.")
@click.option("--cached", is_flag=True, help="Only what decodes with a KV cache.")
@click.option("--trained", is_flag=True, help="Only what is trained with the model, not applied at test time.")
@click.option("--checkpoint", is_flag=True, help="Only what works on a model that was trained with RoPE.")
@click.option("--kv-bytes", type=click.IntRange(min=0), help="At most so many more KV bytes for each token.")
@click.option("--operations", type=Amount(), help="At most so many percent more operations at 16 L.")
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    help="Folder of the records, or a pack of them.  [default: the reference run that ships with the repository]",
)
@table_format
@spoken
def command(needed: str, past: float, results: Path | None, style: str, **wishes: Any) -> None:
    """Shortlist encodings for a need, by the verdict of the report, and say what is unknown.

    An encoding is on the list if it meets the constraints, and no record rules it out as the best among those that do,
    on any task of the need at --past times the trained length. The facts are those of: list encodings.
    """
    store = stored(shipped() if results is None else results)
    from benchmark.reports.page.choosing import Choice
    from benchmark.reports.page.selection import Selection
    from benchmark.reports.page.wishes import Wishes

    asked = [need.strip() for need in needed.split(",")]
    with speaking("en" if style == "json" else None):
        choice = Choice.of(Selection.of(store), asked, past, Wishes(**wishes))
        if style == "json":
            show_json(as_json(choice))
        else:
            tell(choice)
    name_problems(store)


def shipped() -> Path:
    """The reference run; UsageError where there is only an installed package."""
    if not SHIPPED.is_file():
        raise UsageError(
            "the reference run comes with the repository, not with the installed package: name results with --results, "
            "or run this in a clone"
        )
    return SHIPPED


def tell(choice: "Choice") -> None:
    """Print the shortlist, what it rests on, who is not on it and why, and what is unknown."""
    from benchmark.reports.page.choosing import HEADINGS

    rows = [row(choice, who) for who in choice.shortlist]
    if rows:
        show(rows, columns(choice), title=HEADINGS["shortlist"])
    else:
        click.echo(HEADINGS["nobody"])
    parts = {
        "evidence": [
            t("{name}: {what}", name=each.panel.task, what=f"{each.outcome} [{each.basis}]") for each in choice.judged
        ],
        "against": [t("{name}: {what}", name=name, what=why) for name, why in choice.ruled_out.items()],
        "unmet": [t("{name}: {what}", name=name, what=why) for name, why in choice.unmet.items()],
        "warnings": choice.warnings,
        "unknown": list(choice.unknown),
    }
    for part, lines in parts.items():
        if lines:
            heading = HEADINGS[part]
            if part == "unmet":
                heading = t("{name} ({remarks})", name=heading, remarks=choice.wishes.words)
            click.echo(f"\n{heading}")
            for line in lines:
                click.echo(f"- {line}")


def columns(choice: "Choice") -> dict[str, str]:
    """The headings: a column for each task, and the facts."""
    from benchmark.reports.page.choosing import HEADINGS
    from benchmark.reports.phrases import spelled

    return {
        "encoding": t("encoding"),
        **{each.panel.id: f"{each.panel.task}, {spelled(choice.past)}" for each in choice.judged},
        **{name: HEADINGS[name] for name in ("kernel", "cached", "kv_bytes", "operations")},
    }


def row(choice: "Choice", who: "Who") -> Row:
    """An encoding: its mean and range on each task, and its facts."""
    from benchmark.reports.page.wishes import facts_of
    from benchmark.reports.phrases import qualified, spell
    from benchmark.reports.stats.estimate import mean_and_range

    values = {}
    for each in choice.judged:
        own = each.panel.own_rows(who)
        found = mean_and_range(list(own[own["length"] == each.length]["value"].dropna()))
        values[each.panel.id] = spell(found.value, found.low, found.high)
    facts = facts_of(who.encoding)
    more = facts["more_operations"] if facts else None
    return {
        "encoding": qualified(*who, ""),
        **values,
        "kernel": said(facts["kernel"]) if facts else None,
        "cached": facts["kv_bytes"] is not None if facts else None,
        "kv_bytes": facts["kv_bytes"] if facts else None,
        "operations": None if more is None else f"{more:+.0%}",
    }


def as_json(choice: "Choice") -> dict[str, Any]:
    """The answer for programs."""
    return {
        "past": choice.past,
        "constraints": asdict(choice.wishes),
        "shortlist": [row(choice, who) for who in choice.shortlist],
        "tasks": [
            {
                "task": each.panel.task,
                "length": each.length,
                "candidates": [who._asdict() for who in each.verdict.candidates],
                "more_seeds": each.verdict.more_seeds,
                "outcome": each.outcome,
                "basis": each.basis,
            }
            for each in choice.judged
        ],
        "ruled_out": choice.ruled_out,
        "unmet": choice.unmet,
        "warnings": choice.warnings,
        "unknown": list(choice.unknown),
    }
