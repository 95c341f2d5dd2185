"""Labels of samples from judges that ask nobody."""

import asyncio

from weirdgen.judges.protocol import Answer, Judge, label_sample
from weirdgen.schema.sample import Sample
from weirdgen.trials.asking import nobody


def labelled(judge: Judge, sample: Sample, question: str = "") -> str | None:
    """Return the label that a judge gives to a sample, None where it has none."""
    answer = Answer(sample.text, question, "What?")
    return asyncio.run(label_sample(judge, sample, answer, nobody)).label
