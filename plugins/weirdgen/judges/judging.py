"""A judge together with the labelled answers that tell how often it errs."""

from weirdgen.judges.calibration import Calibration, calibrate
from weirdgen.judges.gold import GoldRow
from weirdgen.judges.protocol import Judge
from weirdgen.schema.sample import Source


class Judging:
    """Labels answers, and knows its calibration. All contrasts of a behaviour share one: calibrating takes 0.2 s."""

    __slots__ = ("_calibrations", "gold", "gold_sha256", "judge")

    def __init__(self, judge: Judge, gold: tuple[GoldRow, ...], gold_sha256: str) -> None:
        """Take a judge and its gold set with `gold_digest` of that; both are empty for an exact scorer."""
        self.judge = judge
        self.gold = gold
        self.gold_sha256 = gold_sha256
        self._calibrations: dict[Source, Calibration] = {}

    def calibration(self, source: Source) -> Calibration:
        """Return the judge's record on one kind of answers."""
        if source not in self._calibrations:
            self._calibrations[source] = calibrate(self.judge, self.gold, source)
        return self._calibrations[source]
