"""Every registered encoding in a small model: A20 and A22."""

import torch

from benchmark.checks.subject import LENGTH, VOCABULARY, Subject, largest, outputs, rows
from benchmark.encodings import CATALOGUE, TABLE
from benchmark.model.transformer import Cache, Transformer

STEPS = [5, 1, 3, 2]  # tokens of each decoding step, LENGTH in all
PAST = 3 * LENGTH  # three times the trained length of these models


@torch.no_grad()
def future() -> dict[str, float]:
    """The largest change of any output when all tokens after it are replaced, over all encodings."""
    token, place = torch.arange(LENGTH), torch.arange(LENGTH)[:, None]
    first = rows()[:1]
    replaced = torch.where(token > place, (first + 1) % VOCABULARY, first)  # row p keeps the tokens up to p
    changes = []
    for name in TABLE:
        found = outputs(_model(name), torch.cat((first, replaced)))
        changes.append(largest((found[1:] - found[:1]) * (token <= place)[..., None]))
    return {"change": max(changes)}


@torch.no_grad()
def cached() -> dict[str, float]:
    """The largest difference between decoding with a cache and the full pass, and that of dynamic NTK past L."""
    subjects = {name: _model(name) for name in TABLE}
    serves = (model for model in subjects.values() if not model.encoding.length_aware)
    return {
        "others": max(_difference(model, LENGTH) for model in serves),
        "ntk-dynamic": _difference(subjects["ntk-dynamic"], PAST),
    }


def _model(name: str) -> Transformer:
    return Subject(choice=CATALOGUE.choice(name)).model()


def _difference(model: Transformer, length: int) -> float:
    tokens, cache = rows(length), Cache()
    steps = [model(part, cache=cache, weights=None) for part in torch.split(tokens, STEPS * (length // LENGTH), dim=1)]
    return largest(torch.cat(steps, dim=1) - outputs(model, tokens))
