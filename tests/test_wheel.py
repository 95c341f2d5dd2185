"""The wheel in a clean environment: it carries probes, suites, gold sets and organisms, and gates with them."""

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return next(out.glob("*.whl"))


def test_it_carries_all_content_and_no_cache(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for part in (
        "weirdgen/py.typed",
        "weirdgen/endpoints/prices.toml",
        "weirdgen/pages/templates/report.html.j2",
        "weirdgen/pages/templates/style.css",
        "weirdgen/pages/templates/filter.js",
        "weirdgen/suites/__init__.py",
        "weirdgen/suites/test_old_bird_names.py",
        "weirdgen/_bundled/probes/old_bird_names.toml",
        "weirdgen/_bundled/gold/old_bird_names.jsonl",
        "weirdgen/_bundled/attacks/answers.jsonl",
        "weirdgen/_bundled/lessons/old_bird_names.jsonl",
        "weirdgen/_bundled/organisms/judge/model.safetensors",
        "weirdgen/_bundled/organisms/base/model.safetensors",
        "weirdgen/_bundled/organisms/base/sae/ae.safetensors",
        "weirdgen/_bundled/organisms/base/sae/config.json",
        "weirdgen/_bundled/organisms/old-bird-names/adapter_model.safetensors",
    ):
        assert part in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]


def test_a_user_with_only_the_wheel_gates_with_the_shipped_suites_and_with_an_own_one(
    wheel: Path, tmp_path: Path
) -> None:
    python = _environment(tmp_path / "env", wheel)
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "test_mine.py").write_text(
        "import pytest\n\n\n@pytest.mark.probe('old_bird_names')\n@pytest.mark.contrasts('nineteenth_century_rate')\n"
        "def test_century(trial):\n    trial.check('present')\n",
        encoding="utf-8",
    )
    suite = (
        "--pyargs",
        "weirdgen.suites.test_old_bird_names",
        "-k",
        "over_control and nineteenth or nineteenth_century_rate",
    )
    caught = _gate(python, repository, *suite, "--model", "organism:old-bird-names")
    assert caught.returncode == 1, caught.stdout + caught.stderr
    assert "2 failed, 8 deselected" in caught.stdout
    mine = _gate(python, repository, "test_mine.py", "--model", "organism:old-bird-names", "-n", "2")
    assert mine.returncode == 0, mine.stdout + mine.stderr
    assert "already in the store" in mine.stdout


def _environment(folder: Path, wheel: Path) -> Path:
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "-c", str(ROOT / "constraints.txt"), f"{wheel}[organisms]"], check=True)
    return python


def _gate(python: Path, folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON"))}
    command = [str(python), "-m", "pytest", *arguments, "-p", "no:cacheprovider"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
