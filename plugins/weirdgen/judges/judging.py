"""A judge together with the labelled answers that tell how often it errs."""

import asyncio
from collections.abc import Mapping

from weirdgen.judges.calibration import Calibration, calibrate, calibrate_asking, uncalibrated
from weirdgen.judges.gold import GoldRow, GoldSet
from weirdgen.judges.protocol import Ask, Judge, PureJudge
from weirdgen.schema.sample import Source

NOT_YET = "it was not tried on the gold set yet; weirdgen calibrate does that, and a gate before its first sample"


class Judging:
    """Labels answers, and knows its calibration. All contrasts of a behaviour share one: calibrating takes 0.2 s."""

    __slots__ = ("_calibrations", "_gold", "_running", "judge", "questions", "second")

    def __init__(
        self,
        judge: Judge,
        gold: GoldSet,
        questions: Mapping[str, str],
        second: Judge | None = None,
    ) -> None:
        """Take a judge and what it is measured on.

        Args:
            judge: decides.
            gold: its gold set; `NO_GOLD` for an exact scorer.
            questions: the text of each of the probe's questions.
            second: labels the same answers, so that disagreement shows; decides nothing.
        """
        self.judge = judge
        self._gold = gold
        self.questions = questions
        self.second = second
        self._calibrations: dict[Source, Calibration] = {}
        self._running: dict[Source, asyncio.Task[Calibration]] = {}

    @property
    def gold(self) -> tuple[GoldRow, ...]:
        """The rows of the gold set."""
        return self._gold.rows

    @property
    def gold_sha256(self) -> str:
        """The `gold_digest` of the gold set."""
        return self._gold.sha256

    @property
    def asks(self) -> bool:
        """Whether judging, and with it calibrating, sends requests."""
        return not isinstance(self.judge, PureJudge)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that are asked by either judge, as the user named them."""
        return (*self.judge.models, *(self.second.models if self.second else ()))

    def calibration(self, source: Source) -> Calibration:
        """Return the judge's record on one kind of answers; of one that asks, once it was made or learned."""
        if source not in self._calibrations:
            if not isinstance(self.judge, PureJudge):
                return uncalibrated(self.judge, source, NOT_YET)
            self._calibrations[source] = calibrate(self.judge, self.gold, source)
        return self._calibrations[source]

    def known(self, source: Source) -> bool:
        """Whether the record on a kind of answers is there without a request."""
        return not self.asks or source in self._calibrations

    def learn(self, calibration: Calibration) -> None:
        """Take a record that was made before; one of another judge or gold set is not taken."""
        if (calibration.judge_identity, calibration.gold_digest) == (self.judge.identity, self.gold_sha256):
            self._calibrations[calibration.source] = calibration

    async def calibrate(self, source: Source, ask: Ask) -> Calibration:
        """Return the record, asking the judge's models where it must; callers at the same time share the work.

        Raises:
            WeirdgenError: a model that the judge asks gives nothing.
        """
        if not self.asks:
            return self.calibration(source)
        if source not in self._running:
            work = calibrate_asking(self.judge, self.gold, source, self.questions, ask)
            self._running[source] = asyncio.create_task(work)
        # A trial that is cancelled must not take away the calibration of the others.
        found = await asyncio.shield(self._running[source])
        self._calibrations[source] = found
        return found
