"""`doctor`: what is installed, on what machine, and how to fix what is missing.

Exit code 0: `python -m benchmark run` will work. 1: something it needs is missing.
"""

import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Literal

import click

from benchmark.cli.terminal.examples import examples
from benchmark.cli.terminal.options import reports_folder, results_folder, spoken, table_format
from benchmark.cli.terminal.table import show, show_json
from benchmark.experiments import machine
from benchmark.reports.words import Phrases, later, listed, speaking, t
from benchmark.results.environment import installed, processor

DOCTOR_COLUMNS = {
    "what": later("what"),
    "state": later("state"),
    "found": later("found"),
    "remedy": later("what to do"),
}
STATES = Phrases({"ok": later("ok"), "note": later("note"), "missing": later("missing")})
GIB = 2**30
LOW_MEMORY_BYTES = 2 * GIB
LOW_DISK_BYTES = GIB


@dataclass(frozen=True, kw_only=True)
class Finding:
    """The result of one check. "missing" prevents a run; "note" is good to know, but does not."""

    what: str
    state: Literal["ok", "note", "missing"]
    found: str
    remedy: str = ""


@click.command(
    epilog=examples(
        "doctor",
        "doctor --results path/to/results --format json",
    ),
)
@results_folder
@reports_folder
@table_format
@spoken
def command(results: Path, out: Path, style: str) -> int:
    """Check what is installed, and say how to fix what is missing."""
    with speaking("en" if style == "json" else None):
        findings = list(examine(results, out))
    if style == "json":
        show_json([asdict(finding) for finding in findings])
    else:
        show([{**asdict(finding), "state": STATES[finding.state]} for finding in findings], DOCTOR_COLUMNS)
        click.echo(verdict(findings))
    return int(any(finding.state == "missing" for finding in findings))


def examine(results: Path, reports: Path) -> Iterator[Finding]:
    """All checks, in the order in which a run would fail."""
    yield Finding(what="Python", state="ok", found=f"{platform.python_version()}, {sys.executable}")
    yield from packages()
    yield device()
    yield cores()
    yield memory()
    yield from (folder(t("results folder"), results), folder(t("reports folder"), reports), cache())
    yield from tools()


def verdict(findings: list[Finding]) -> str:
    """The last line."""
    missing = [finding.what for finding in findings if finding.state == "missing"]
    if missing:
        return t("missing: {names}", names=listed(missing))
    return t("everything that `python -m benchmark run` needs is here")


def packages() -> Iterator[Finding]:
    """The required packages, and those that optional parts need."""
    try:
        wanted = requires("position-benchmark") or []
    except PackageNotFoundError:
        yield Finding(
            what="position-benchmark",
            state="note",
            found=t("run from a folder, not installed"),
            remedy=t("pip install . in that folder, for the command position-benchmark and for plugins"),
        )
        wanted = []
    required = sorted(distribution(line) for line in wanted if "extra ==" not in line)
    for name in ["position-benchmark", *required] if wanted else []:
        yield package(name, essential=True)
    yield package("pyarrow", essential=False, use="export --format parquet")
    yield package("ray", essential=False, use="run --executor ray")


def package(name: str, *, essential: bool, use: str = "") -> Finding:
    """One package and its version."""
    found = installed(name)
    if found != "not installed":
        return Finding(what=name, state="ok", found=found)
    install = f"pip install {name}"
    remedy = t("{install} (for {use})", install=install, use=use) if use else install
    return Finding(what=name, state="missing" if essential else "note", found=t("not installed"), remedy=remedy)


def device() -> Finding:
    """The device that torch would use."""
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a shared library that does not load
        remedy = "pip install --force-reinstall torch"
        found = t("torch does not load: {error}", error=error)
        return Finding(what=t("device"), state="missing", found=found, remedy=remedy)
    if torch.cuda.is_available():
        gpu = torch.cuda.get_device_properties(0)
        return Finding(what=t("device"), state="ok", found=f"cuda: {gpu.name}, {gpu.total_memory / GIB:.0f} GiB")
    if torch.backends.mps.is_available():
        return Finding(what=t("device"), state="ok", found="mps: Apple GPU")
    found = t("cpu: {processor} (no GPU that torch can use)", processor=processor())
    if machine.multiplies_bfloat16() is False:
        found = t(
            "cpu: {processor} (no GPU that torch can use; no AMX: bfloat16 may be slower than float32)",
            processor=processor(),
        )
    return Finding(what=t("device"), state="ok", found=found)


def cores() -> Finding:
    """The processor cores available to this process."""
    found = t("{n} usable of {all}", n=machine.cores(), all=os.cpu_count())
    return Finding(what=t("cores"), state="ok", found=found)


def memory() -> Finding:
    """The free memory of the machine, or of its container."""
    free = machine.free_memory()
    found = t("{free:.1f} GiB free of {all:.1f}", free=free / GIB, all=machine.machine_memory() / GIB)
    if free < LOW_MEMORY_BYTES:
        remedy = t("close other programs, or use --workers 1")
        return Finding(what=t("memory"), state="note", found=found, remedy=remedy)
    return Finding(what=t("memory"), state="ok", found=found)


def folder(what: str, path: Path) -> Finding:
    """Test if files can be written to a folder, or its nearest existing parent, and how much space is free."""
    path = path.absolute()
    existing = next((parent for parent in (path, *path.parents) if parent.exists()), path)
    try:
        with tempfile.TemporaryFile(dir=existing):
            free = shutil.disk_usage(existing).free
    except OSError as error:
        remedy = t("choose a folder you can write to (--results, --out)")
        return Finding(what=what, state="missing", found=f"{path}: {error.strerror}", remedy=remedy)
    found = t("{path}, {free:.0f} GiB free", path=path, free=free / GIB)
    if free < LOW_DISK_BYTES:
        return Finding(what=what, state="note", found=found, remedy=t("free some disk space"))
    return Finding(what=what, state="ok", found=found)


def cache() -> Finding:
    """The folder that caches tokenised corpora."""
    from benchmark.tasks.corpus.words import cache_folder

    found = folder(t("cache folder"), cache_folder())
    if found.state != "missing":
        return found
    remedy = t("set POSITION_BENCHMARK_CACHE to a folder you can write to")
    return Finding(what=found.what, state="missing", found=found.found, remedy=remedy)


def tools() -> Iterator[Finding]:
    """Programs needed for some ways of installing and testing."""
    yield tool(
        t("C compiler"),
        ("cc", "gcc", "clang", "cl"),
        t("install one (gcc) for FlexAttention on a GPU; nothing else needs it"),
    )
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    remedy = t("install it (apt-get install chromium) for the browser tests; nothing else needs it")
    yield tool("Chromium", names, remedy)


def tool(what: str, names: tuple[str, ...], remedy: str) -> Finding:
    """The first of several programs found on the path."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        return Finding(what=what, state="note", found=t("not found"), remedy=remedy)
    return Finding(what=what, state="ok", found=found)


def distribution(requirement: str) -> str:
    """The package that a requirement names: "torch>=2.5" is torch."""
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
