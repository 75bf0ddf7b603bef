"""The examples at the end of a verb's help."""

PROGRAM = "python -m benchmark"


def examples(*lines: str) -> str:
    """The `epilog` of a command: command lines that can be given as they are, here without the program."""
    return "\n".join(["\b", "Examples:", *(f"  {PROGRAM} {line}" for line in lines)])
