"""What `list encodings` says of each registered encoding and only a model can tell; measured here, kept in a file.

`python tests/encodings/facts.py` writes the file after a change, and a test compares.
"""

from dataclasses import replace

from benchmark.catalogue import Choice
from benchmark.checkpoints.rope import refuse_untrained
from benchmark.checks.costs import kernels, more_operations
from benchmark.checks.kept import bytes_kept
from benchmark.checks.subject import QUICK, Subject
from benchmark.encodings import Measured, make
from benchmark.errors import UsageError

MULTIPLE = 16  # of the trained length, at which operations are counted


def facts(choice: Choice) -> Measured:
    """The facts of an encoding in the model of the preset `quick`."""
    subject = Subject(choice=choice)
    more = more_operations(subject, MULTIPLE * QUICK.train_length)
    return {
        "kernel": ", ".join(kernels(subject)),
        "kv_bytes": bytes_kept(subject),
        "more_operations": None if more is None else round(more, 3),
        "checkpoint": reads_checkpoints(choice),
    }


def reads_checkpoints(choice: Choice) -> bool:
    """True if `run --checkpoint` takes the encoding."""
    try:
        refuse_untrained(make(choice, replace(QUICK, digits=(), marks=())), choice.label)
    except (UsageError, ValueError):  # the second: it reads digits or marks, which a checkpoint's tokens are not
        return False
    return True
