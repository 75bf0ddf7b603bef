"""The batch file for Slurm: correct shell; with stand-ins for the commands of Slurm, it runs cells on a job's nodes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BATCH = ROOT / "examples" / "ray.sbatch"
SRUN = '#!/bin/bash\necho "$@" >> srun.txt\nwhile [[ $1 == -* ]]; do shift; done\nexec "$@"\n'
SCONTROL = "#!/bin/bash\nprintf 'n1\\nn2\\n'\n"


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_the_batch_file_passes_shellcheck() -> None:
    done = subprocess.run(["shellcheck", str(BATCH)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.fixture
def job(tmp_path: Path) -> dict[str, str]:
    """The environment of a job on two nodes, both of which are this machine."""
    for name, script in (("srun", SRUN), ("scontrol", SCONTROL)):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("RAY_", "SLURM_"))},
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "BENCHMARK_PYTHON": sys.executable,
        "SLURM_JOB_ID": str(os.getpid()),
        "SLURM_JOB_NODELIST": "n[1-2]",
        "SLURM_CPUS_PER_TASK": "1",
    }


@pytest.mark.ray
@pytest.mark.slow
def test_the_batch_file_runs_cells_on_the_nodes_of_a_job(job: dict[str, str], tmp_path: Path) -> None:
    options = ["--preset", "smoke", "--tasks", "copy", "--encodings", "rope", "--seeds", "2", "--device", "cpu"]
    command = ["bash", str(BATCH), *options, "--results", "results", "--no-report"]
    done = subprocess.run(command, env=job, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "[2/2] copy · rope · seed" in done.stdout
    started = [line for line in (tmp_path / "srun.txt").read_text().splitlines() if " start " in line]
    assert ["--head" in line for line in started] == [True, False]
    assert "--nodelist=n1" in started[0] and "--exclude=n1" in started[1]
    assert (tmp_path / f"ray-{os.getpid()}.log").read_text().count("Ray runtime started") == 2
    assert not Path(f"/tmp/ray-{os.getpid()}").exists()


@pytest.mark.ray
@pytest.mark.slow
def test_the_job_fails_as_the_command_does(job: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", str(BATCH), "--encodings", "nope"], env=job, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: unknown encoding 'nope'")
