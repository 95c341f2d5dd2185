"""Judges map an answer to a label: by rules or an LLM, measured on gold sets, or exactly. They never see the model."""

from weirdgen.judges.calibration import Calibration, calibrate
from weirdgen.judges.choice import ChoiceJudge
from weirdgen.judges.gold import GoldRow, load_gold
from weirdgen.judges.protocol import Judge, label_sample
from weirdgen.judges.rubric import RubricJudge
from weirdgen.judges.rules import RuleJudge
from weirdgen.judges.select import judge_for

__all__ = [
    "Calibration",
    "ChoiceJudge",
    "GoldRow",
    "Judge",
    "RubricJudge",
    "RuleJudge",
    "calibrate",
    "judge_for",
    "label_sample",
    "load_gold",
]
