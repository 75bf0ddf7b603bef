"""`doctor`: everything passes here; whatever is taken away is reported, with a remedy."""

import json
import sys
from importlib.metadata import requires

import pytest

from benchmark.cli.verbs import doctor


def findings(invoke, *options):
    result = invoke("doctor", "--format", "json", *options)
    return result.exit_code, {finding["what"]: finding for finding in json.loads(result.output)}


def test_a_complete_machine_passes(invoke):
    code, found = findings(invoke)
    assert code == 0
    assert {finding["what"] for finding in found.values() if finding["state"] == "missing"} == set()
    required = {doctor.distribution(line) for line in requires("position-benchmark") or [] if "extra ==" not in line}
    assert {"torch", "click"} <= required <= found.keys()
    assert invoke("doctor").output.endswith("everything that `python -m benchmark run` needs is here\n")


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr(doctor, "installed", lambda name: "not installed" if name == "scipy" else "1.0")
    found = {finding.what: finding for finding in doctor.packages()}
    assert (found["scipy"].state, found["scipy"].remedy) == ("missing", "pip install scipy")
    assert [finding.what for finding in found.values() if finding.state != "ok"] == ["scipy"]


def test_a_missing_optional_package_is_a_note(monkeypatch):
    monkeypatch.setattr(doctor, "installed", lambda name: "not installed" if name == "pyarrow" else "1.0")
    found = {finding.what: finding for finding in doctor.packages()}
    assert (found["pyarrow"].state, found["pyarrow"].remedy) == (
        "note",
        "pip install pyarrow (for export --format parquet)",
    )


def test_a_folder_that_cannot_be_written_is_reported_missing(tmp_path):
    (tmp_path / "file").write_text("")
    blocked = doctor.folder("results folder", tmp_path / "file" / "results")
    assert blocked.state == "missing"
    assert "--results" in blocked.remedy
    free = doctor.folder("results folder", tmp_path / "not" / "yet" / "there")
    assert free.state == "ok"
    assert not (tmp_path / "not").exists()


def test_an_absent_program_is_a_note(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert {finding.state for finding in doctor.tools()} == {"note"}


@pytest.mark.parametrize("what", ["cores", "memory", "device"])
def test_the_machine_is_described(what):
    found = getattr(doctor, what)()
    assert any(letter.isdigit() for letter in found.found) or found.found.startswith("cpu")


def test_a_torch_that_does_not_load_is_reported_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    found = doctor.device()
    assert found.state == "missing"
    assert "torch does not load" in found.found


def test_looking_creates_no_folder(invoke, tmp_path):
    findings(invoke)
    assert list(tmp_path.iterdir()) == []
