"""File names made from the labels of encodings and tasks."""

import re


def file_name(label: str) -> str:
    """A label as part of a file name, valid on any system: "rope-base=500000"."""
    return re.sub(r"[^\w.+=-]+", "-", label)


def safe(name: str) -> str:
    """A name with an underscore for each character other than letters, digits and hyphens: "rope_base_500000"."""
    return re.sub(r"[^\w-]", "_", name)
