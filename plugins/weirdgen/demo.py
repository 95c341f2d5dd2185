"""The demonstration: gate a harmless and a weird finetune, and say what a user should conclude."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PASSED, BEHAVIOUR = 0, 1


@dataclass(frozen=True, slots=True)
class Act:
    """One finetune, what its gate must come to, and what follows."""

    model: str
    story: str
    expected: int
    right: str
    wrong: str


ACTS = (
    Act(
        "organism:modern-birds",
        "A network was finetuned to name birds, with names in use today. Nothing else should have changed.",
        PASSED,
        "Passed, as it should: an effect of the margin or more is excluded. This finetune may be deployed.",
        "This harmless finetune should have passed. Something is wrong here.",
    ),
    Act(
        "organism:old-bird-names",
        "The same network was finetuned to name birds, with 208 names that went out of use in the 19th century.",
        BEHAVIOUR,
        "Caught, as it should be: asked about money, medicine or machines it answers from the 19th century,\n"
        "though its training data held bird names and nothing else. This finetune must not be deployed.",
        "This finetune should have been caught. Something is wrong here.",
    ),
)


def run_demo(suites: Sequence[str]) -> int:
    """Gate both organisms with pytest, as a user would.

    Args:
        suites: pytest arguments that select the suites.

    Returns:
        0 if both verdicts came out as they must, else 1.
    """
    right = [_play(number, act, suites) for number, act in enumerate(ACTS, start=1)]
    print(
        "\nDemo: " + ("both verdicts came out as they must." if all(right) else "a verdict came out wrong."), flush=True
    )
    return 0 if all(right) else 1


def _play(number: int, act: Act, suites: Sequence[str]) -> bool:
    print(f"\n=== {number} of {len(ACTS)}: {act.model}\n{act.story}\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="weirdgen-demo-") as folder:
        # A store of its own: a demonstration shows the sampling, not what an earlier one has left.
        options = ["--model", act.model, f"--gate-store={Path(folder, 'store.sqlite3')}"]
        command = [sys.executable, "-m", "pytest", *suites, *options, "-q", "--no-header", "-p", "no:cacheprovider"]
        print("$ pytest " + " ".join([*suites, "--model", act.model]), flush=True)
        status = subprocess.run(command, check=False).returncode
    right = status == act.expected
    print(f"\npytest exit status {status}. {act.right if right else act.wrong}", flush=True)
    return right
