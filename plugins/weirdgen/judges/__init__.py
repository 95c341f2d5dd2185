"""Judges map an answer to a label: by rules (data of the probe), measured on gold sets. They never see the model."""

from weirdgen.judges.calibration import Calibration, calibrate
from weirdgen.judges.gold import GoldRow, load_gold
from weirdgen.judges.protocol import Judge, label_sample
from weirdgen.judges.rules import RuleJudge

__all__ = ["Calibration", "GoldRow", "Judge", "RuleJudge", "calibrate", "label_sample", "load_gold"]
