"""Several processes on one server with a budget, one of them killed: nothing drawn twice, and the ledger is exact."""

import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from postgres_server import Server
from stored import address, asked, rows

from weirdgen.store.store import SampleStore

KEYS, LIMIT = 60, 45
SUPPORT = [str(Path(__file__).parents[2] / "plugins"), str(Path(__file__).parents[1] / "support")]
_DRAW = """
import random, sys, time
from functools import partial
from stored import answered, asked
from weirdgen.store.accounts import Account, Amount, Charge
from weirdgen.store.owner import new_owner
from weirdgen.store.place import place_of
from weirdgen.store.store import Claim, SampleStore

store, owner, keys, limit = SampleStore(place_of(sys.argv[1])), new_owner(), int(sys.argv[2]), int(sys.argv[3])
left = list(range(keys))
random.Random(owner).shuffle(left)
charge = Charge(Account("gate", None, limit), Amount(1.0, 1))
while left:
    some, left = left[:5], left[5:]
    claims = store.together([partial(store.claim, asked(n).key, owner, 60.0, charge) for n in some])
    mine = [n for n, claim in zip(some, claims, strict=True) if claim is Claim.MINE]
    for n in mine:
        print(n, flush=True)  # sent: from here on it is paid for
    time.sleep(random.random() * float(sys.argv[4]))
    store.together([partial(store.put, asked(n), answered(asked(n)), owner, ("gate", Amount(n / 64, 1))) for n in mine])
    left += [n for n, claim in zip(some, claims, strict=True) if claim is Claim.BUSY]
print("attempt", store.attempt_of("line", owner, begin=True), flush=True)
store.close()
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_nothing_is_drawn_twice_and_nothing_is_spent_that_is_not_there(postgres: Server) -> None:
    place = postgres.url()
    command = [sys.executable, "-W", "error", "-c", _DRAW, address(place), str(KEYS), str(LIMIT)]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(SUPPORT)}

    def started(pause: str) -> "subprocess.Popen[str]":
        return subprocess.Popen([*command, pause], env=environ, stdout=subprocess.PIPE, text=True)

    doomed = started("0.4")
    assert doomed.stdout is not None
    lines = [doomed.stdout.readline()]
    others = [started("0.02") for _ in range(3)]
    lines += [doomed.stdout.readline() for _ in range(random.randrange(8))]
    doomed.send_signal(signal.SIGKILL)
    lines += [line for child in (doomed, *others) for line in child.communicate(timeout=60)[0].splitlines()]
    assert [child.returncode for child in others] == [0, 0, 0]
    words = [line.split() for line in lines]
    drawn = Counter(int(line[0]) for line in words if len(line) == 1)
    assert sorted(int(line[1]) for line in words if len(line) == 2) == [1, 2, 3], "attempts"
    found = rows(place)
    stored = [json.loads(row[7])["replicate"] for row in found["samples"]]
    held = {row[0]: row[1] for row in found["holds"]}
    assert len(set(held.values())) <= 1, "of the one that was killed"
    again = [n for n, times in drawn.items() if times > 1]
    assert max(drawn.values()) <= 2
    assert {asked(n).key for n in again} <= set(held), "only what was lost with it, which may have been billed"
    assert len(stored) + len(held) == LIMIT, "all of it was spent, and no more"
    with SampleStore(place) as store:
        assert store.spent("gate") == (sum(n / 64 for n in stored) + len(held), LIMIT)
