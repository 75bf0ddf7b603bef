"""TODO."""

from collections.abc import Sequence

from benchmark.reports.draw.attention_images import attention_pictures
from benchmark.reports.page.exhibit import Exhibit
from benchmark.reports.page.page import Section
from benchmark.reports.page.selection import slug
from benchmark.reports.tables.probes import Probe
from benchmark.reports.words import t


def section(probes: Sequence[Probe]) -> Section:
    """Attention of each head on a sentence, a figure an encoding."""
    lines: tuple[str, ...] = (
        t(
            "What each head of a trained model looks at in one sentence: a row is the word that asks, a column the "
            "word that is asked, and a row adds up to 1. One sentence and one seed show how an encoding can look, "
            "not how it always does."
        ),
    )
    if not probes:
        lines = (t("No model of a language task was looked into, so there is no attention to show."),)
    pictures = attention_pictures(probes)
    exhibits = tuple(
        _attention(probe, picture, first=index == 0)
        for index, (probe, picture) in enumerate(zip(probes, pictures, strict=True))
    )
    return Section(id="attention", title=t("Attention on a sentence"), lines=lines, exhibits=exhibits)


def _attention(probe: Probe, picture: bytes, *, first: bool) -> Exhibit:
    layers, heads = probe.attention.shape[:2]
    return Exhibit(
        id=attention_id(probe),
        title=attention_title(probe),
        alt=t(
            "Heatmaps of attention with {encoding}: {layers} layers of {heads} heads on the sentence “{sentence}”, its "
            "words on both axes.",
            encoding=probe.encoding,
            layers=layers,
            heads=heads,
            sentence="".join(probe.words),
        ),
        caption=t(
            "Seed {seed} alone, so there is no interval. The sentence: {sentence}",
            seed=probe.seed,
            sentence="".join(probe.words),
        ),
        models=(probe.train_key,),
        measured=1,
        picture=picture,
        format="png",
        folded=not first,
        wide=True,
    )


def attention_title(probe: Probe) -> str:
    """What the attention of a probe is headed by."""
    return t("{encoding} · {task}, L = {length}", encoding=probe.encoding, task=probe.task, length=probe.train_length)


def attention_id(probe: Probe) -> str:
    """Where the attention of a probe stands in the page."""
    return f"attention-{slug(probe.encoding)}-{slug(probe.task)}-{probe.train_length}"
