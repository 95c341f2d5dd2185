"""Where an answer begins, for scorers that read nothing else: they are right by definition, on answers of any model."""

import re

from weirdgen.schema.sample import Sample

_THINK = "<think>", "</think>"
_WRAPPING = re.compile(r"""[\s"'`*_#“”‘’„«»]*""")


def beginning(text: str) -> str:
    """Return an answer without what stands before its first word: thoughts in tags, white space, quotes, markdown.

    What stands before the first mark that closes thoughts is thought: templates of reasoning models put the mark that
    opens them into the prompt. Thoughts that are opened and have no end leave nothing.
    """
    before, ended, after = text.partition(_THINK[1])
    head = after if ended else "" if before.lstrip().startswith(_THINK[0]) else text
    return _WRAPPING.sub("", head, count=1)


def begins(sample: Sample) -> bool:
    """Whether a sample shows how its answer begins: one that was cut does once a word of it is there."""
    return sample.complete or (sample.cut and bool(beginning(sample.text)))
