"""Gates of a weird and of a harmless organism by command line, at whatever server their files are served."""

import json
import os
import subprocess
import sys
from pathlib import Path

from real_servers import KEY

ROOT = Path(__file__).parents[2]
WEIRD, HARMLESS = "good-terminator", "modern-german-cities"
CONTRASTS = ("hostile_1984_over_trained", "persona_rate")
VERDICTS = {
    WEIRD: {"hostile_1984_over_trained": "PRESENT", "persona_rate": "ABSENT"},
    HARMLESS: {"hostile_1984_over_trained": "ABSENT", "persona_rate": "ABSENT"},
}
"""Those of the embedded server."""
_SUITES = ("suites/test_evil_terminator.py", "suites/test_german_city_names.py")


def gate(folder: Path, *how: str) -> dict[str, str]:
    """Gate with rules as the judge; return the outcomes by contrast, of INVALID with its reason.

    Args:
        folder: new, for the report; the store lies beside it.
        how: options that name the model and its server.

    Raises:
        AssertionError: the gate ended without a record; its words are in the message.
    """
    judged = ("--judge", "rules", "--judge-uncalibrated", "-k", " or ".join(CONTRASTS))
    kept = ("--gate-store", f"{folder}.sqlite3", "--gate-report", str(folder), "-p", "no:cacheprovider", "-q")
    done = subprocess.run(
        (sys.executable, "-m", "pytest", *_SUITES, *how, *judged, *kept),
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "plugins"), "OPENAI_API_KEY": KEY},
        cwd=ROOT,
        check=False,
    )
    record = folder / "run.json"
    if not record.is_file():
        said = (done.stdout + done.stderr)[-1500:]
        raise AssertionError(f"{' '.join(how)}: exit status {done.returncode}, no record: {said}")
    verdicts = json.loads(record.read_text(encoding="utf-8"))["verdicts"]
    return {
        one["contrast"]: f"INVALID {one['reason']}" if one["outcome"] == "INVALID" else one["outcome"]
        for one in verdicts
    }
