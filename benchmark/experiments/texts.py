"""The text that a task reads: where it lies, what it says, and how the task's label and key name it.

A text is a corpus, the path of a text of the user's own, or an address (tasks/corpus/sources.py), which also gives the
encoding that the user named. The key counts what the text says, and not where its file lies or how it is encoded.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from benchmark.catalogue import Choice, Entry, Parameter
from benchmark.errors import UsageError, echo, refuse_undecodable

OPTION = "--text-encoding"


@dataclass(frozen=True, kw_only=True)
class Read:
    """A task's text."""

    parameters: dict[str, Parameter]  # of the task: with the place of its text, and the tokenizer in use
    counted: dict[str, Parameter]  # those in the key
    label: str  # of the task
    name: str
    content_hash: str


def text_parameter(entry: Entry) -> str:
    """The parameter of a task that names a text; "" if it reads none."""
    name = str(entry.attributes.get("text_parameter", ""))
    if name and not isinstance(entry.defaults.get(name), str):
        raise UsageError(f"{entry.path}: text_parameter is {name!r}, but __init__ has no such parameter of text")
    return name


def located(choice: Choice, corpus: str | None, encoding: str | None) -> Choice:
    """The choice with the place of its text: that of its own parameter, else `corpus`, else its default."""
    from benchmark.tasks import corpus as corpora

    reads = text_parameter(choice.entry)
    if not reads:
        return choice
    usual, own = str(choice.entry.defaults[reads]), str(choice.parameters[reads])
    text = own if own != usual else corpus or usual
    refuse_undecodable("the path of a text", corpora.address(text, None))
    return Choice(entry=choice.entry, parameters={**choice.parameters, reads: corpora.address(text, encoding)})


def read(choice: Choice, corpus: str, encoding: str | None) -> Read | None:
    """The text of a task; None if it reads none. Raises UsageError for a text that cannot be read."""
    from benchmark.tasks import corpus as corpora

    entry, reads = choice.entry, text_parameter(choice.entry)
    if not reads:
        return None
    parameters = dict(located(choice, corpus, encoding).parameters)
    source = corpora.find(str(parameters[reads]))
    shown = {**parameters, reads: entry.defaults[reads]}
    if entry.defaults.get("tokenizer") == corpora.AUTO:
        asked, suited = str(parameters["tokenizer"]), corpora.suited_to(source)
        # The key names the tokenizer in use, and so does the label, except for Chinese cut by jieba as usual.
        tokenizer = suited if asked == corpora.AUTO else asked
        parameters["tokenizer"] = tokenizer
        shown["tokenizer"] = corpora.AUTO if tokenizer == suited == "jieba" else tokenizer
    return Read(
        parameters=parameters,
        counted={key: value for key, value in parameters.items() if key != reads},
        label=f"{Choice(entry=entry, parameters=shown).label} ({source.name})",
        name=source.name,
        content_hash=corpora.hash_of(source),
    )


def refuse_idle(choices: Iterable[Choice], corpus: str | None, encoding: str | None) -> None:
    """Refuse a text that no task reads, and an encoding that no text of the user's own would be read in."""
    if corpus is None and encoding is None:
        return
    from benchmark.tasks import corpus as corpora

    reading = [each for each in choices if text_parameter(each.entry)]
    for option, value in (("--corpus", corpus), (OPTION, encoding)):
        if value is not None and not reading:
            raise UsageError(
                f"{option} is {echo(value)}, but no task of this run reads a text: omit it, or add a task that does, "
                "--tasks corpus"
            )
    texts = {located(each, corpus, encoding).parameters[text_parameter(each.entry)] for each in reading}
    if encoding is not None and texts <= {*corpora.BUILT_IN}:
        raise UsageError(
            f"{OPTION} is {echo(encoding)}, but only applies to a text of your own: give one, --corpus PATH, and a "
            "task that reads it, --tasks corpus"
        )
