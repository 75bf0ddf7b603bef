"""What a report says, in the language of its reader.

Every sentence of a report stands in the code in English, as a whole, with named fields for what varies:
`t("{n} models were trained", n=3)`. A language is a catalogue of such sentences; English needs none.
"""


def t(message: str, /, **values: object) -> str:
    """A sentence in the reader's language, its fields filled in."""
    return message.format(**values)
