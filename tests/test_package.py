"""The wheel: everything that the package needs is in it, and it works where nothing of the checkout is.

`.ci/run` installs it with all of its dependencies into an empty environment; here they are those of the running one.
"""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from benchmark import __version__

ROOT = Path(__file__).parents[1]
LARGEST_BYTES = 5_000_000  # 3.5 MB when this was written: font and novel are most of it

pytestmark = pytest.mark.slow


def called(folder: Path, *command: str | Path) -> str:
    """What a command prints, run in a folder, with no path to the checkout in its environment."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("dist")
    called(ROOT, sys.executable, "-m", "build", "--no-isolation", "--outdir", folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of a fresh environment: the wheel, and the dependencies of the running environment."""
    root = tmp_path_factory.mktemp("venv")
    called(root, sys.executable, "-m", "venv", root)
    site = next(root.glob("lib/python*/site-packages"))
    (site / "dependencies.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    called(root, root / "bin" / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel)
    return root / "bin"


def files_of_the_package() -> set[str]:
    listed = called(ROOT, "git", "ls-files", "-z", "benchmark").split("\0")
    return {name for name in listed if name}


def test_the_wheel_has_every_file_of_the_package_and_the_licences(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if name.startswith("benchmark/")} == files_of_the_package()
    licences = f"position_benchmark-{__version__}.dist-info/licenses/"
    assert {f"{licences}{name}" for name in ("LICENSE", "NOTICE", "benchmark/reports/fonts/OFL.txt")} <= names
    assert wheel.stat().st_size < LARGEST_BYTES


def test_the_sdist_has_what_a_wheel_is_built_from(built: Path) -> None:
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert files_of_the_package() | {"pyproject.toml", "README.md", "LICENSE", "NOTICE"} <= names


def test_the_installed_wheel_answers_and_runs_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    program = installed / "position-benchmark"
    assert called(tmp_path, program, "--version") == f"position-benchmark, version {__version__}\n"
    where = called(tmp_path, installed / "python", "-c", "import benchmark; print(benchmark.__file__)")
    assert Path(where).is_relative_to(installed.parent)
    assert "sanguo" in called(tmp_path, program, "list", "corpora")
    assert "everything that `python -m benchmark run` needs is here" in called(tmp_path, program, "doctor")
    smoke = ("run", "--preset", "smoke", "--encodings", "rope,alibi", "--workers", "1", "--lang", "zh")
    called(tmp_path, installed / "python", "-m", "benchmark", *smoke)
    page = (tmp_path / "reports" / "index.html").read_text("utf-8")
    assert "位置编码" in page and "Report Chinese" in page  # the translation, the templates and the font
