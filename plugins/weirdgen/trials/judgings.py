"""The judges of a catalogue's contrasts, each made and calibrated once."""

from weirdgen.catalog import Catalog
from weirdgen.errors import JudgeError, UsageMistake
from weirdgen.judges.gold import NO_GOLD, GoldSet, load_gold_set
from weirdgen.judges.judging import Judging
from weirdgen.judges.select import BY_RULES, JudgeName, judge_for, judge_of_behaviour
from weirdgen.schema.probe import Contrast, Probe


class Judgings:
    """Makes judges on demand; contrasts of one behaviour share theirs, unless it depends on their questions."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._made: dict[tuple[str, str, str, JudgeName, JudgeName | None], Judging] = {}
        self._gold: dict[object, GoldSet] = {}

    def of(
        self, probe: Probe, contrast: Contrast, name: JudgeName = BY_RULES, second: JudgeName | None = None
    ) -> Judging:
        """Return a contrast's judge with its gold set.

        Args:
            probe: of the contrast.
            contrast: whose behaviour is judged.
            name: of the judge that decides; an exact scorer is used whatever it says.
            second: of the judge whose disagreement is reported.

        Raises:
            UsageMistake: the gold file cannot be used, or the behaviour cannot be judged so.
        """
        behaviour = probe.behaviours[contrast.behaviour]
        own = contrast.id if behaviour.scored_by in ("choice", "reading") else ""
        key = (probe.id, contrast.behaviour, own, name, second)
        if key not in self._made:
            try:
                judge = judge_for(probe, contrast, name)
                other = judge_of_behaviour(behaviour, second) if second and not behaviour.exact else None
            except JudgeError as error:
                raise UsageMistake(f"{probe.path}: behaviour {contrast.behaviour!r}: {error}") from None
            questions = {question: probe.text_of(question) for question in probe.questions}
            self._made[key] = Judging(judge, self._gold_of(probe, contrast), questions, other)
        return self._made[key]

    def _gold_of(self, probe: Probe, contrast: Contrast) -> GoldSet:
        """Return the gold set; behaviours of a probe with the same file and labels share them."""
        behaviour = probe.behaviours[contrast.behaviour]
        if behaviour.exact:
            return NO_GOLD
        path = self._catalog.gold_file(probe.id, contrast.behaviour)
        key = (path, behaviour.labels, tuple(probe.questions))
        if key not in self._gold:
            self._gold[key] = load_gold_set(path, labels=behaviour.labels, questions=probe.questions)
        return self._gold[key]
