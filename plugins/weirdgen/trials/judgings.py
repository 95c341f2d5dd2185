"""The judges of a catalogue's contrasts, each made and calibrated once."""

from weirdgen.catalog import Catalog
from weirdgen.judges.gold import GoldRow, gold_digest, load_gold
from weirdgen.judges.judging import Judging
from weirdgen.judges.select import judge_for
from weirdgen.schema.probe import Contrast, Probe


class Judgings:
    """Makes judges on demand; contrasts of one behaviour share theirs, unless it depends on their questions."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._made: dict[tuple[str, str, str], Judging] = {}
        self._gold: dict[object, tuple[tuple[GoldRow, ...], str]] = {}

    def of(self, probe: Probe, contrast: Contrast) -> Judging:
        """Return a contrast's judge with its gold set.

        Raises:
            CatalogError: the gold file cannot be used.
            JudgeError: the behaviour cannot be judged.
        """
        own = contrast.id if probe.behaviours[contrast.behaviour].scored_by == "choice" else ""
        key = (probe.id, contrast.behaviour, own)
        if key not in self._made:
            self._made[key] = Judging(judge_for(probe, contrast), *self._gold_of(probe, contrast))
        return self._made[key]

    def _gold_of(self, probe: Probe, contrast: Contrast) -> tuple[tuple[GoldRow, ...], str]:
        """Return the gold set and its digest; behaviours of a probe with the same file and labels share them."""
        behaviour = probe.behaviours[contrast.behaviour]
        if behaviour.exact:
            return (), ""
        path = self._catalog.gold_file(probe.id, contrast.behaviour)
        key = (path, behaviour.labels, tuple(probe.questions))
        if key not in self._gold:
            rows = load_gold(path, labels=behaviour.labels, questions=probe.questions)
            self._gold[key] = rows, gold_digest(rows)
        return self._gold[key]
