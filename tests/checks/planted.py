"""Encodings that tests plant faults in, as the catalogue would read them from files of their own."""

import inspect
from pathlib import Path

from benchmark.catalogue import Choice, Entry, Parameter
from benchmark.encodings.encoding import Encoding


def choice_of(kind: type[Encoding], **parameters: Parameter) -> Choice:
    """A class of a test, with its parameters set; it is built around the encoding that its parameter `base` names."""
    claims = {claim: getattr(kind, claim) for claim in ("acts", "past") if hasattr(kind, claim)}
    path = Path(inspect.getfile(kind))
    entry = Entry(
        kind="encoding",
        name=kind.__name__.lower(),
        class_name=kind.__name__,
        path=path,
        module=kind.__module__,
        contract=(path,),
        attributes={**claims, **({"wraps": "base"} if isinstance(parameters.get("base"), str) else {})},
        defaults=parameters,
    )
    return Choice(entry=entry, parameters=parameters)
