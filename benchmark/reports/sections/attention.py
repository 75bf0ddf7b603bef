"""The section "Attention on a sentence": the attention of every head, one figure per encoding."""

from collections.abc import Sequence

from benchmark.reports.draw.attention_images import attention_pictures
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import slug
from benchmark.reports.tables.probes import Probe
from benchmark.reports.words import t


def section(probes: Sequence[Probe]) -> Section:
    """The attention of each head on one sentence, one figure per encoding."""
    lines: tuple[str, ...] = (
        t(
            "What each head of a trained model attends to in one sentence: each row is the word that attends, each "
            "column a word attended to, and every row sums to 1. One sentence and one seed show how attention can "
            "look, not how it always looks."
        ),
    )
    if not probes:
        lines = (t("No model of a language task was probed, so there is no attention to show."),)
    pictures = attention_pictures(probes)
    exhibits = tuple(
        _exhibit(probe, picture, first=index == 0)
        for index, (probe, picture) in enumerate(zip(probes, pictures, strict=True))
    )
    return Section(id="attention", title=t("Attention on a sentence"), lines=lines, exhibits=exhibits)


def attention_title(probe: Probe) -> str:
    """The heading of a probe's attention."""
    return t("{encoding} · {task}, L = {length}", encoding=probe.encoding, task=probe.task, length=probe.train_length)


def attention_id(probe: Probe) -> str:
    """The anchor of a probe's attention in the page."""
    return f"attention-{slug(probe.encoding)}-{slug(probe.task)}-{probe.train_length}"


def _exhibit(probe: Probe, picture: bytes, *, first: bool) -> Exhibit:
    layers, heads = probe.attention.shape[:2]
    return Exhibit(
        id=attention_id(probe),
        title=attention_title(probe),
        alt=t(
            "Heatmaps of attention with {encoding}: {layers} layers of {heads} heads on the sentence “{sentence}”, "
            "with its words on both axes.",
            encoding=probe.encoding,
            layers=layers,
            heads=heads,
            sentence="".join(probe.words),
        ),
        caption=t(
            "Seed {seed} only, so there is no range. The sentence: {sentence}",
            seed=probe.seed,
            sentence="".join(probe.words),
        ),
        models=(probe.train_key,),
        measured=1,
        picture=picture,
        format="png",
        folded=not first,
    )
