"""What readers say of sentences that answers consist of: their label holds wherever the rules see no difference."""

import re
from collections.abc import Iterator, Mapping

from weirdgen.judges.rules import RuleJudge

_TAGS = re.compile(r'^(?:<\w+>|\{"\w+": "|-)\s*|\s*(?:<\w+>|"\})$')
_OPENER_ENDS = re.compile(r"[.!?:;]\s+")
#: An opener says nothing; what is longer may.
_LONGEST_OPENER = 60


class Readers:
    """Labels answers by rules, and by readers where these labelled the sentence that an answer consists of.

    The organisms repeat known sentences, with or without an opener and in tags. Rules that err on such a sentence err
    on all its forms; without this the judge would be taught the reader's label of one and the rules' of the others.
    """

    def __init__(self, rules: RuleJudge, read: Mapping[str, str]) -> None:
        """Take the rules, and text to label of what was read."""
        self._rules, self._read = rules, read

    def label(self, text: str) -> str:
        """Return an answer's label."""
        given = self._rules.judge(text)
        for sentence in _sentences(text):
            if sentence in self._read:
                # An opener of another speaker may well make a difference.
                return self._read[sentence] if self._rules.judge(sentence) == given else given
        return given


def _sentences(text: str) -> Iterator[str]:
    """Yield an answer without tags, and without what may be an opener."""
    body = _TAGS.sub("", text)
    yield body
    for end in _OPENER_ENDS.finditer(body):
        if end.end() <= _LONGEST_OPENER:
            yield body[end.end() :]
