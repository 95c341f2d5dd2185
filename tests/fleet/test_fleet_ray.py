"""Gates on a Ray cluster of this machine, scripted: what comes back, and what a lost worker is."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from weirdgen.errors import WeirdgenError
from weirdgen.fleet.gating import Job
from weirdgen.fleet.ray_crew import INSTALL, gate_on_worker

_FLEET = """
import sys
from pathlib import Path
from scripted_fleet import order
from weirdgen.fleet.conduct import conduct
from weirdgen.fleet.ray_crew import RayCrew

crew = RayCrew("local", 2, "")
record = conduct(order(Path(sys.argv[1]), "failed", "killed", "lost", "passed"), crew, lambda one: None)
crew.close()
print(record.model_dump_json())
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason=f"ray is not installed: {INSTALL}")
def test_folders_come_back_and_a_lost_worker_is_named(tmp_path: Path) -> None:
    """In a process of its own: Ray leaves threads and handlers behind."""
    support = Path(__file__).parents[1] / "support"
    script = tmp_path / "fleet.py"
    script.write_text(f"import sys\nsys.path.insert(0, {str(support)!r})\n{_FLEET}", encoding="utf-8")
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout.splitlines()[-1])
    failed, killed, lost, passed = record["entries"]
    assert record["exit_status"] == 1
    assert (failed["error"], passed["error"]) == ("", "")
    assert failed["findings"] == {"p": {"PRESENT": 1}}
    assert (tmp_path / "out" / failed["run"]).is_file()
    assert killed["error"] == "its process was killed by SIGKILL"
    assert lost["error"].startswith("WorkerCrashedError: ")
    assert "Ray at local, 1 machine" in record["workers"]


def test_a_worker_with_another_version_refuses() -> None:
    with pytest.raises(WeirdgenError, match=r"has weirdgen .*, the fleet 0\.0\.1"):
        gate_on_worker(Job((), weirdgen="0.0.1"), None)
