"""The words of a report and of the terminal, in the reader's language.

Every sentence is in the code as a whole, in English, with named fields for the parts that vary:
`t("{n} models were trained", n=3)`. Another language is a catalogue of these sentences in gettext format,
`locale/zh_CN.po`, read by Babel. English needs neither. Sentences that a catalogue lacks appear in English.

Convention: the language belongs to the context (`with speaking("zh"):`) and is not passed through every call. Messages
are literals in calls of `t` and `later`, so that tests/reports/translations.py finds them in the source.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from benchmark.errors import unknown


@dataclass(frozen=True, kw_only=True)
class Language:
    """How a language is written, apart from its sentences."""

    tag: str  # for HTML: BCP 47
    catalogue: str = ""  # a file in locale/; "" for English, in which the code is written
    comma: str = ", "  # between the items of a list
    semicolon: str = "; "  # between the parts of a sentence
    space: str = " "  # between two sentences
    documents: bool = False  # of a checkpoint: its units are documents, where those of training are seeds


LANGUAGES = {
    "en": Language(tag="en"),
    "zh": Language(tag="zh-CN", catalogue="zh_CN.po", comma="、", semicolon="；", space=""),
}
_LANGUAGE: ContextVar[Language] = ContextVar("language", default=LANGUAGES["en"])


# The sentences about seeds hold for documents too, word by word.
OF_DOCUMENTS = (
    (re.compile(r"(?<![\w{-])seed(s?)(?![\w}])"), r"document\1"),
    (re.compile(r"(?<![\w{-])Seed(s?)(?![\w}])"), r"Document\1"),
    (re.compile("(随机)?种子"), "文档"),
)


@contextmanager
def speaking(name: str | None = None, *, documents: bool = False) -> Iterator[None]:
    """A context in which words are in a language, one of LANGUAGES, and speak of documents in place of seeds.

    Without a name, it keeps the language that is spoken around it.
    """
    if name is not None and name not in LANGUAGES:
        raise unknown("language", name, LANGUAGES)
    spoken = language() if name is None else LANGUAGES[name]
    token = _LANGUAGE.set(replace(spoken, documents=documents))
    try:
        yield
    finally:
        _LANGUAGE.reset(token)


def language() -> Language:
    """The language of the current context."""
    return _LANGUAGE.get()


def t(message: str, /, **values: object) -> str:
    """A sentence in the reader's language, with its fields filled in."""
    return said(message).format(**values)


def later(message: str, /) -> str:
    """Mark a message of a module constant, to be translated by `said` once the language is known."""
    return message


def said(message: str) -> str:
    """A message marked elsewhere (by `later`, or as a title or label) in the reader's language."""
    spoken = language()
    if spoken.documents:
        message = PRETRAINED.get(message, message)
    found = _catalogue(spoken.catalogue).get(message, message) if spoken.catalogue else message
    if spoken.documents:
        for pattern, word in OF_DOCUMENTS:
            found = pattern.sub(word, found)
    return found


# Sentences about training, and what stands in their place where nothing was trained.
PRETRAINED = {
    "Position encodings compared": later("A checkpoint with other position encodings"),
    "Each model was trained on lengths up to L (the vertical line) and measured beyond it. Line: mean over "
    "seeds; band: from the lowest to the highest seed; dots: each seed, where there are at most {dots}. In "
    "the interactive page, point at a value to read it and highlight its curve, press a name below the figure "
    "to hide or show its curve, and drag to zoom.": later(
        "The checkpoint was trained on lengths up to L, the vertical line. Line: mean over documents; band: from the "
        "lowest to the highest; dots: each document, where there are at most {dots}. In the interactive page, point at "
        "a value to read it and highlight its curve, press a name below the figure to hide or show its curve, and drag "
        "to zoom."
    ),
    "{n} models were trained, {day} (UTC).": later("{n} documents were read, {day} (UTC)."),
    "{n} models were trained, {first} to {last} (UTC).": later("{n} documents were read, {first} to {last} (UTC)."),
    "models trained": later("documents read"),
    "1 trained model": later("1 document"),
    "{n} trained models": later("{n} documents"),
    "Language, four ways": later("Language, more closely"),
    "The same trained models, asked four questions about the held-out text.": later(
        "The same targets of the same documents, in more ways than one."
    ),
    "“No further training” marks encodings that are applied only at test time, to the trained models of "
    "the encoding named below them.": later(
        "“No further training” marks encodings that take the place of the checkpoint's own as it reads."
    ),
    "Applied only at test time, to models trained with {encodings}; it was never trained itself.": later(
        "It takes the place of the checkpoint's {encodings} as it reads. Nothing was fitted to the checkpoint: values "
        "that a search would find are those it starts from."
    ),
    "What each encoding is, how well it did and what it costs. Open an encoding to read about it, or link to "
    "it: its address ends in #encoding- and its name.": later(
        "What each encoding is, and how well it did. Open an encoding to read about it, or link to it: its address "
        "ends in #encoding- and its name."
    ),
    "{encoding}: mean [lowest and highest seed], usable length [95 % interval]; lengths in the task's own "
    "unit; speed in training.": later(
        "{encoding}: mean [lowest and highest document], usable length [95 % interval]; lengths in tokens."
    ),
    "Dots: single seeds ({seeds} per encoding) at {places}; upright stroke: their mean; dashed: chance. "
    "No interval is drawn. Green: best, or among the best. Further right is better. An accuracy runs from "
    "chance to perfect; a loss, on a scale of its own, from guessing to the best seed.": later(
        "Dots: single documents ({seeds} per encoding) at {places}; upright stroke: their mean; dashed: chance. "
        "No interval is drawn. Green: best, or among the best. Further right is better. An accuracy runs from "
        "chance to perfect; a loss, on a scale of its own, from the worst document to the best."
    ),
    "3. The same targets, and a crop to L · {task}": later("The same targets, and a crop to L · {task}"),
    "The same target tokens at every length, compared with the same model's loss on them after exactly L "
    "tokens each: context beyond L helps only below that baseline; above it, it does harm.": later(
        "The same target tokens at every length, compared with the checkpoint's loss on them in a row of L tokens, "
        "read with its own rope: context beyond L helps only below that baseline; above it, it does harm."
    ),
    "4. Targets that need far context · {task}": later("Targets that need far context · {task}"),
    "The {chosen:,} of {every:,} targets ({share:.0%}) that counts of words and word pairs in up to 16 L "
    "tokens before them make at least e times as likely as counts in L tokens do: the same for every "
    "encoding and length. They are hard, so compare a curve with its own value at L: one that falls "
    "uses the added context, one that stays level makes nothing of it.": later(
        "The {chosen:,} of {every:,} targets ({share:.0%}) whose loss falls most, read with the checkpoint's own rope, "
        "from a row with L/8 tokens before the targets to a row of L: the same for every encoding and length. They "
        "were chosen by the loss of rope at L, which flatters it there, so compare encodings past L."
    ),
    "Behind a mean over seeds: the lowest and the highest of these seeds, which says what happened and not "
    "what other seeds would give. Often a seed either learns a task or does not; then the mean describes none "
    "of them, and the dots of a figure, one a seed, say more.": later(
        "Behind a mean over documents: the lowest and the highest of these documents, which says what happened and "
        "not what others would give. Where they differ much, the mean describes none of them, and the dots of a "
        "figure, one a document, say more."
    ),
    "How much the next token surprises the model, in nats per token; 0 is no surprise. At every length, it is "
    "the mean over the same target tokens of held-out text: the last L/2 of each row (at most 64). A longer "
    "window therefore differs only in its context. A flat loss does not prove that distant words are used: "
    "read it together with a recall task.": later(
        "How much the next token surprises the model, in nats per token; 0 is no surprise. At every length, it is the "
        "mean over the same target tokens, at the end of each document. A longer row therefore differs only in its "
        "context. A flat loss does not prove that distant words are used: read it together with a retrieval task."
    ),
    "The same target tokens, each shown with exactly the L tokens before it and nothing earlier. Only an "
    "improvement on this baseline comes from more distant context.": later(
        "The same target tokens in a row of L tokens, read with the checkpoint's own rope. Only an improvement on this "
        "baseline comes from more distant context."
    ),
    "A repetition with other initial weights and other training data. Two encodings with the same seed share "
    "both, so the difference between them is due to the encoding rather than to luck.": later(
        "A part of the text that the checkpoint reads. All encodings read the same ones, so the difference between two "
        "of them on a document is due to the encoding rather than to the text."
    ),
}


class Phrases(Mapping[str, str]):
    """Names in the data: what a reader sees for each, translated when it is looked up."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        self._messages = dict(messages)

    def __getitem__(self, name: str) -> str:
        return said(self._messages[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._messages)

    def __len__(self) -> int:
        return len(self._messages)


def listed(items: Iterable[object]) -> str:
    """Items as a list: "0, 1, 2"."""
    return language().comma.join(map(str, items))


def joined(names: Iterable[str]) -> str:
    """Names as part of a sentence: "rope, alibi and none"."""
    *first, last = names
    return t("{names} and {last}", names=listed(first), last=last) if first else last


def sentences(*parts: str) -> str:
    """Sentences as one paragraph; empty ones are left out."""
    return language().space.join(part for part in parts if part)


@cache
def _catalogue(file: str) -> Mapping[str, str]:
    """The translations of a catalogue by message, without empty and fuzzy ones."""
    from babel.messages.pofile import read_po  # English needs no Babel

    with (resources.files("benchmark.reports") / "locale" / file).open("rb") as source:
        entries = list(read_po(source))
    return {str(entry.id): str(entry.string) for entry in entries if entry.id and entry.string and not entry.fuzzy}
