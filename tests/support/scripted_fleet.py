"""Gates that do what their models' names say, in no time: for tests of what a fleet makes of them."""

from pathlib import Path

from run_records import full_verdict, plan, record

from weirdgen import __version__
from weirdgen.fleet.conduct import Order
from weirdgen.fleet.models_file import parse_models
from weirdgen.schema.verdict import Outcome

_SCRIPT = """
import json, os, pathlib, signal, sys, time
given = dict(word.partition("=")[::2] for word in sys.argv[1:])
model = given["--model"]
what = model.split("/")[0]
report, junit = pathlib.Path(given["--gate-report"]), pathlib.Path(given["--junitxml"])
here = pathlib.Path(__file__).parent


def write(name, status=None):
    report.mkdir(parents=True)
    text = (here / f"{name}.json").read_text().replace("@MODEL@", model.replace('"', '\\\\"'))
    (report / "run.json").write_text(text)
    junit.write_text('<testsuites><testsuite name="pytest" tests="1" errors="0" failures="0" skipped="0">'
                     '<testcase classname="suites.t" name="c" time="0"/></testsuite></testsuites>')


def interrupted(*_):
    write("interrupted")
    sys.exit(2)


print("store", os.environ.get("WEIRDGEN_GATE_STORE", ""), "arguments", sys.argv[1:], flush=True)
if what == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if what == "lost":
    os.kill(os.getppid(), signal.SIGKILL)
if what in ("slow", "deaf"):
    signal.signal(signal.SIGINT, interrupted if what == "slow" else signal.SIG_IGN)
    (here / "started").touch()
    time.sleep(60)
if what == "usage":
    print("\\nERROR: organism 'x' is not in the zoo", file=sys.stderr)
    sys.exit(4)
if what == "silent":
    sys.exit(0)
if what == "stranger":
    model = "another"
if what == "broken":
    report.mkdir(parents=True)
    (report / "run.json").write_text("{")
    sys.exit(0)
names = {"failed": ("failed", 1), "undecided": ("undecided", 10), "invalid": ("invalid", 11), "twelve": ("twelve", 12),
         "liar": ("failed", 0), "nojunit": ("passed", 0)}
name, status = names.get(what, ("passed", 0))
write(name)
if what == "nojunit":
    junit.unlink()
if what == "part":
    told = json.loads((report / "run.json").read_text())
    (report / "run.json").write_text(json.dumps(told | {"shard": "1/2"}))
sys.exit(status)
"""
_RECORDS = {
    "passed": (Outcome.ABSENT, 0),
    "failed": (Outcome.PRESENT, 1),
    "undecided": (Outcome.INCONCLUSIVE, 10),
    "invalid": (Outcome.INVALID, 11),
    "twelve": (Outcome.ABSENT, 12),
    "interrupted": (Outcome.ABSENT, 2),
}


def scripted(folder: Path) -> tuple[str, ...]:
    """Write the script and the records that it hands out; return what Python is to run."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (outcome, status) in _RECORDS.items():
        run = record(
            full_verdict(outcome, model="@MODEL@", log_e_present=9.0, log_threshold_present=8.0),
            weirdgen=__version__,
            plan=plan(models=("@MODEL@",)),
            exit_status=status,
            interrupted=status == 2,
        )
        (folder / f"{name}.json").write_text(run.model_dump_json(), encoding="utf-8")
    script = folder / "gate.py"
    script.write_text(_SCRIPT, encoding="utf-8")
    return (str(script),)


def order(folder: Path, *models: str, timeout: float | None = None, store: str = "") -> Order:
    """Return a fleet of scripted gates, one for each model."""
    return Order(
        file="MODELS.txt",
        models=parse_models("\n".join(models), "MODELS.txt"),
        suites=("suites",),
        options=("--gate-cap=40",),
        out=folder / "out",
        store=store,
        timeout=timeout,
        cwd=str(folder),
        program=scripted(folder / "script"),
    )
