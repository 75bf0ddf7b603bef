"""Short phrases that all parts of a report share: values between two ends, seeds, metrics, statuses, lengths."""

import math
import re
from collections.abc import Iterable, Sequence

from benchmark.metrics import METRICS
from benchmark.reports.words import Phrases, language, later, listed, said, t

NOTHING = "—"
DOTS = 10  # seeds up to which each is drawn as a dot

LEAGUES = Phrases({"reads digits": later("reads digits"), "reads segment marks": later("reads segment marks")})

STATUSES = Phrases(  # of records, for people
    {
        "failed": later("failed"),
        "diverged": later("diverged"),
        "unsupported": later("unsupported"),
        "missing": later("missing"),
        "superseded": later("superseded"),
        "orphan": later("orphan"),
        "guessed metric": later("guessed metric"),
        "unreadable": later("unreadable"),
    }
)

TEXT_NOTES = (  # what a record says of its text (tasks/corpus), with fields for what varies
    later("traditional Chinese ({share} of the characters specific to one script)"),
    later("{n} wrapped lines joined"),
    later("{n} full-width spaces normalised"),
    later("{n} private-use characters replaced"),
    later("{n} invisible characters removed"),
    later("{n} look-alike characters replaced (Kangxi radicals and their like)"),
    later("{n} accents joined to their letters"),
    later("{n} control characters removed at the end"),
    later("{n} replacement characters (U+FFFD) in the text, from an earlier conversion"),
    later("order not recognised: read by name"),
    later("read as {encoding}, without a byte-order mark"),
    later("read as {encoding}"),
    later("skipped, as not a chapter (.txt): {names} and {n} more"),
    later("skipped, as not a chapter (.txt): {names}"),
    later("chapters of very different lengths: the longest of {n} has {share} of the text"),
    later("the last {n} of {all} chapters held out, as about a tenth of the text"),
    later("the held-out tenth begins within chapter {n} of {all}"),
)


REASONS = (  # why a record has no result, as far as this project words it
    later("the training loss was {value} at step {step} of {steps}"),
    later("the loss was {value} at length {length}"),
    later("FloatingPointError: the loss was {value} at length {length}"),
    later("out of memory: each worker gets a share; --workers 1 --retry-failed gives all of it to one ({error})"),
    later("out of memory"),
    later("{n} tokens, but {encoding} is defined up to {limit}"),
    later("it took longer than --cell-timeout {seconds} seconds"),
    later("the worker died: signal {number} (killed; out of memory?)"),
    later("the worker died: signal {number}"),
    later("the worker died: exit code {number}"),
    later("the process that ran it died {n} times: {why}"),
    later("lost, and tried again: {why}"),
    later("{n} of {all} measurements are missing"),
    later("its arrays cannot be read: run it again with --force"),
    later("no reason was recorded"),
    later("missing"),
)

LEFT_OUT = (  # what a plan leaves out, and where it departs from what was asked
    later("{encoding} is not offered {task}: it reads the digits of numbers, and the task has none"),
    later("{encoding} is not offered {task}: it reads the marks that end segments, and the task has none"),
    later("--seeds auto:{asked} shows nothing among {rivals} encodings: that takes at least {needed} seeds"),
    later("{rivals} encodings: the cap is {needed} seeds, not {cap}, since fewer can show nothing among so many"),
    later("{encoding} adapts models trained with {adapted}, and a checkpoint was trained with {own}: left out"),
    later(
        "{encoding} is not fitted to a checkpoint: it reads with the values that its search would start from "
        "(docs/checkpoints.md)"
    ),
)


def plan_note(note: str) -> str:
    """A line of a plan on what it leaves out or changes, in the reader's language; as it is, if not known here."""
    return rendered(note, LEFT_OUT)


def explained(text: str) -> str:
    """Why a record has no result, in the reader's language; words that are not this project's stay as they are."""
    return rendered(text, REASONS)


def text_note(note: str) -> str:
    """A note on a text in the reader's language; as it is, if this version does not know it."""
    return rendered(note, TEXT_NOTES)


def rendered(text: str, messages: Iterable[str]) -> str:
    """A text that was made from one of these messages, in the reader's language; as it is, if from none."""
    for message in messages:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(message))
        if found := re.fullmatch(pattern, text, re.S):
            return said(message).format(**found.groupdict())
    return text


def spell(mean: float, low: float, high: float, status: str = "ok") -> str:
    """A value and its ends: "0.97 [0.95, 0.99]"; without one, "—" if unsupported or missing, else its status."""
    if math.isnan(mean):
        return NOTHING if status in ("unsupported", "missing", "ok") else STATUSES.get(status, status)
    digits = 2 if abs(mean) < 100 else 0
    if math.isnan(low):
        return f"{mean:z.{digits}f}"
    return f"{mean:z.{digits}f} [{low:z.{digits}f}, {high:z.{digits}f}]"


def seeds_phrase(counts: Sequence[int]) -> str:
    """What stands in brackets behind a mean: "lowest and highest of 3 seeds", "1 seed, no range"."""
    known = sorted({count for count in counts if count})
    if not known:
        return t("no seeds")
    if known == [1]:
        return t("1 seed, no range")
    if len(known) == 1:
        return t("lowest and highest of {n} seeds", n=known[0])
    return t("lowest and highest of {low} to {high} seeds", low=known[0], high=known[-1])


def curve_key(counts: Sequence[int], *, dots: bool = True) -> str:
    """What a curve shows: "line: mean; band: lowest and highest of 3 seeds; dots: each seed"."""
    most = max((count for count in counts if count), default=0)
    if most < 2:
        return seeds_phrase(counts)
    if dots and most <= DOTS:
        return t("line: mean; band: {range}; dots: each seed", range=seeds_phrase(counts))
    return t("line: mean; band: {range}", range=seeds_phrase(counts))


def seeds_of(count: int) -> str:
    """A number of seeds in words."""
    return t("1 seed") if count == 1 else t("{n} seeds", n=count)


def more_seeds(count: int) -> str:
    """A number of further seeds in words."""
    return t("1 more seed") if count == 1 else t("{n} more seeds", n=count)


def shortcut_label(names: Sequence[str]) -> str:
    """A line of shortcuts as legends and tables name it: "shortcut: constant answer"."""
    return t("shortcut: {names}", names=listed(map(said, names)))


def qualified(trained_with: str, encoding: str, league: str) -> str:
    """An encoding with what a reader must know to compare it: "yarn (on rope)", "abacus (reads digits)"."""
    notes = [t("on {encoding}", encoding=trained_with)] if trained_with != encoding else []
    notes += [LEAGUES.get(league, league)] if league else []
    return t("{name} ({remarks})", name=encoding, remarks=language().semicolon.join(notes)) if notes else encoding


def metric_label(name: str, *, with_unit: bool = True) -> str:
    """A metric as axes and headings name it: "loss (nats per token)"."""
    metric = METRICS[name]
    label = said(metric.label)
    return t("{name} ({remarks})", name=label, remarks=said(metric.unit)) if metric.unit and with_unit else label


def spelled(multiple: float) -> str:
    """A multiple as a length: "L", "8 L"."""
    return "L" if multiple == 1 else f"{multiple:g} L"


AXES = Phrases(  # of grids, as tasks and `tables.fields` name them
    {
        "lag (tokens)": later("lag (tokens)"),
        "depth (%)": later("depth (%)"),
        "times passed on": later("times passed on"),
        "index": later("index"),
        "first operand (digits)": later("first operand (digits)"),
        "second operand (digits)": later("second operand (digits)"),
        "problem length": later("problem length"),
    }
)


def arrow(*, lower_is_better: bool) -> str:
    """The direction of a metric."""
    return t("lower is better") if lower_is_better else t("higher is better")
