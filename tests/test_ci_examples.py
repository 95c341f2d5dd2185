"""The action and the examples of docs/ci.md: valid by the schemas of GitHub and GitLab, and their commands run."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
SHARDS = (ROOT / "docs" / "shards.md").read_text(encoding="utf-8")
_BLOCK = re.compile(r"```(yaml|groovy)\n(?:#|//) (\S+)\n(.*?)```", re.DOTALL)
BLOCKS, CUT = _BLOCK.findall(PAGE), _BLOCK.findall(SHARDS)
SCHEMAS = {
    ".github/workflows/gate.yml": "github-workflows",
    ".github/workflows/shards.yml": "github-workflows",
    ".gitlab-ci.yml": "gitlab-ci",
}
STATUS = {"organism:old-bird-names": ("failed", 1), "organism:modern-birds": ("passed", 0)}


def read(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def check(schema: str, path: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def action_step(name: str) -> dict[str, Any]:
    action = read((ROOT / "action.yml").read_text(encoding="utf-8"))
    return next(step for step in action["runs"]["steps"] if step.get("name") == name)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository of somebody who gates with one of the shipped suites."""
    suites = tmp_path / "suites"
    suites.mkdir()
    suite = (ROOT / "suites" / "test_old_bird_names.py").read_text(encoding="utf-8")
    (suites / "test_old_bird_names.py").write_text(suite, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    return tmp_path


def shell(line: str, folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run a line as a CI system does, with one contrast of the suite."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "PYTEST_", "CI"))}
    addopts = "-k nineteenth_century_rate -p no:cacheprovider -p no:hypothesispytest"
    return subprocess.run(
        ["bash", "-e", "-c", line],
        cwd=folder,
        env=kept | {"PATH": path, "PYTEST_ADDOPTS": addopts} | variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_page_has_an_example_for_each() -> None:
    assert [name for _, name, _ in BLOCKS] == [*[".github/workflows/gate.yml"] * 2, ".gitlab-ci.yml", "Jenkinsfile"]
    assert [name for _, name, _ in CUT] == [".github/workflows/shards.yml", ".gitlab-ci.yml"]


def test_the_action_is_valid() -> None:
    check("github-actions", ROOT / "action.yml")


@pytest.mark.parametrize(("name", "text"), [(name, text) for _, name, text in BLOCKS + CUT if name in SCHEMAS])
def test_the_examples_are_valid(name: str, text: str, tmp_path: Path) -> None:
    path = tmp_path / Path(name).name
    path.write_text(text, encoding="utf-8")
    check(SCHEMAS[name], path)


def test_no_expression_stands_in_a_script() -> None:
    """An input that became part of a script's text could be one."""
    workflows = [read(text) for language, name, text in BLOCKS + CUT if name in SCHEMAS and "github" in name]
    steps = [step for workflow in workflows for job in workflow["jobs"].values() for step in job["steps"]]
    steps += read((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
    scripts = [step["run"] for step in steps if "run" in step]
    assert len(scripts) >= 5
    assert [script for script in scripts if "${{" in script] == []


def test_the_example_gives_the_action_only_inputs_that_it_has() -> None:
    action = read((ROOT / "action.yml").read_text(encoding="utf-8"))
    (step,) = [s for s in read(BLOCKS[0][2])["jobs"]["gate"]["steps"] if "weirdgen" in s.get("uses", "")]
    assert set(step["with"]) <= set(action["inputs"])
    assert {name for name, told in action["inputs"].items() if told.get("required")} <= set(step["with"])
    assert not any("key" in name.lower() for name in action["inputs"]), "keys come as variables only"


def commands() -> list[tuple[str, str]]:
    """Return every line of the examples that gates, with what installs left out."""
    github = [step["run"] for step in read(BLOCKS[1][2])["jobs"]["gate"]["steps"] if "run" in step]
    gitlab = read(BLOCKS[2][2])["gate"]["script"]
    jenkins = re.findall(r"sh '([^']+)'", BLOCKS[3][2])
    found = [("github", github), ("gitlab", gitlab), ("jenkins", jenkins)]
    for _, lines in found:
        assert [line for line in lines if line.startswith("pip")] == ['pip install "pytest-weirdgen[fast]"']
    return [(name, line) for name, lines in found for line in lines if not line.startswith("pip")]


@pytest.mark.parametrize(("system", "line"), commands(), ids=[name for name, _ in commands()])
@pytest.mark.slow
@pytest.mark.parametrize("model", STATUS)
def test_the_examples_gate(system: str, line: str, model: str, repository: Path) -> None:
    assert "--pyargs weirdgen.suites" in line
    numbers = {"CI_JOB_ID": "7", "BUILD_NUMBER": "7"}
    done = shell(line.replace("--pyargs weirdgen.suites", "suites"), repository, MODEL=model, **numbers)
    assert done.returncode == STATUS[model][1], done.stdout + done.stderr
    assert (repository / "reports" / "junit.xml").is_file()
    (folder,) = (repository / "reports").glob("gate*/")
    assert (folder / "run.json").is_file()
    assert (repository / "reports" / "gate.sarif").is_file() == (system == "github")


def shard_commands(system: str) -> tuple[str, str]:
    """Return the lines of an example that run a shard, and merge."""
    if system == "github":
        jobs = read(CUT[0][2])["jobs"]
        (shard,), (merge,) = [
            [step["run"] for step in jobs[name]["steps"] if "run" in step and not step["run"].startswith("pip")]
            for name in ("shard", "gate")
        ]
        return shard, merge
    jobs = read(CUT[1][2])
    (shard,), (merge,) = jobs["shard"]["script"], jobs["gate"]["script"]
    return shard, merge


@pytest.mark.parametrize("system", ["github", "gitlab"])
@pytest.mark.slow
def test_the_examples_of_shards_gate(system: str, repository: Path) -> None:
    shard, merge = shard_commands(system)
    shared = {"MODEL": "organism:old-bird-names", "WEIRDGEN_GATE_STORE": str(repository / "s.sqlite3")}
    statuses = []
    for number in "1234":
        numbers = {"SHARD": number, "CI_NODE_INDEX": number, "CI_NODE_TOTAL": "4"}
        done = shell(shard.replace("--pyargs weirdgen.suites", "suites"), repository, **shared, **numbers)
        statuses.append(done.returncode)
    assert sorted(statuses) == [0, 0, 0, 1], "one has the contrast that is selected"
    done = shell(merge, repository, **shared)
    assert done.returncode == 1, done.stdout + done.stderr
    assert (repository / "reports" / "junit.xml").is_file()
    assert (repository / "reports" / "gate" / "evidence" / "manifest.json").is_file()


@pytest.mark.parametrize("model", STATUS)
def test_the_action_gates_and_tells(model: str, repository: Path) -> None:
    step, output = action_step("Gate"), repository / "output"
    inputs = dict.fromkeys(step["env"], "")
    inputs |= {
        "MODEL": f" {model}\n",
        "CONTROL": "organism:base",
        "TESTS": "suites",
        "ARGS": " -p  no:randomly\n--gate-cap=300 ",
    }
    done = shell(step["run"], repository, **(inputs | {"REPORTS": "kept", "GITHUB_OUTPUT": str(output)}))
    assert done.returncode == 0, done.stdout + done.stderr
    told = dict(line.split("=", 1) for line in output.read_text(encoding="utf-8").splitlines())
    verdict, status = STATUS[model]
    assert (told["verdict"], told["exit-status"]) == (verdict, str(status))
    assert (repository / told["report"] / "run.json").is_file()
    assert (repository / "kept" / "junit.xml").is_file()
    last = action_step("Verdict")["run"]
    assert shell(last, repository, STATUS=told["exit-status"], VERDICT=told["verdict"]).returncode == status


@pytest.mark.parametrize(
    "hostile", ["$(touch harmed)", "`touch harmed`", '"; touch harmed; "', "a'; touch harmed; '", "${IFS}x"]
)
def test_an_input_is_an_argument_and_no_script(hostile: str, repository: Path) -> None:
    step, output = action_step("Gate"), repository / "output"
    inputs = dict.fromkeys(step["env"], hostile) | {"TESTS": "suites", "ARGS": "", "REPORTS": "kept"}
    done = shell(step["run"], repository, **(inputs | {"GITHUB_OUTPUT": str(output)}))
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (repository / "harmed").exists()
    assert "verdict=error\n" in output.read_text(encoding="utf-8")


@pytest.mark.parametrize("instead", ["--collect-only", "--gate-plan", "--version"])
def test_an_action_that_gated_nothing_has_not_passed(instead: str, repository: Path) -> None:
    step, output = action_step("Gate"), repository / "output"
    inputs = dict.fromkeys(step["env"], "") | {"MODEL": "organism:base", "TESTS": "suites", "ARGS": instead}
    done = shell(step["run"], repository, **(inputs | {"REPORTS": "kept", "GITHUB_OUTPUT": str(output)}))
    assert done.returncode == 0, done.stdout + done.stderr
    told = output.read_text(encoding="utf-8")
    assert "verdict=error\n" in told
    assert "exit-status=5\n" in told


def test_no_status_is_no_pass(repository: Path) -> None:
    assert shell(action_step("Verdict")["run"], repository, STATUS="", VERDICT="").returncode == 12
