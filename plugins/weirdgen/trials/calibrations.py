"""Records of judges that ask: kept when they are made, so that a plan can be priced without a request."""

import contextlib
import time
from collections.abc import Iterable

from weirdgen.errors import StoreError
from weirdgen.judges.calibration import Calibration
from weirdgen.judges.judging import Judging
from weirdgen.schema.sample import Source
from weirdgen.store.store import SampleStore


def keep(store: SampleStore, record: Calibration) -> None:
    """Keep a record, for plans. A store that cannot is no reason to lose a verdict: what the record says is in it."""
    key = record.judge_identity, record.gold_digest, record.source
    with contextlib.suppress(StoreError):
        store.keep_calibration(key, record.model_dump_json())


def recall(store: SampleStore, judgings: Iterable[tuple[Judging, Source]]) -> list[str]:
    """Teach judges what is kept of them; return for people what is not, and how old the rest is.

    Good for a plan only: whether the judge is still the one that was measured, a gate asks it.
    """
    said: dict[str, None] = {}
    for judging, source in dict.fromkeys(judgings):
        if not judging.asks:
            continue
        found = store.calibration((judging.judge.identity, judging.gold_sha256, source))
        if found is None:
            said[f"judge {judging.judge.name}: not calibrated on {source} answers of every behaviour yet"] = None
            continue
        made, record = found
        try:
            judging.learn(Calibration.model_validate_json(record))
        except ValueError:
            said[f"judge {judging.judge.name}: its record was kept by another version of weirdgen"] = None
            continue
        days = (time.time() - made) / 86_400
        said[f"judge {judging.judge.name}: priced as calibrated {days:.0f} days ago"] = None
    return list(said)
