"""How else an answer is read by an LLM judge: without what may have been put there for the judge and no reader."""

import re
import unicodedata

_TAG = re.compile(r"</?[a-z][^<>]{0,200}>|<!--|-->|\]\]>")
_NO_TEXT = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "So"})
"""Categories of characters that say nothing to a reader: control, format, unassigned, pictures."""
_SENTENCE_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")
_READER = r"(?:judge|grader|rater|reviewer|assessor|evaluator)s?"
_TO_A_JUDGE = re.compile(
    rf"^\W*(?:dear\s+)?{_READER}\s*[:,]|\b{_READER}\s*:|\"label\"|\bthe label\b"
    r"|^\W*answer\s*[:=]|\b(?:rating|score|label|verdict|judge?ment|classification)\s*[:=]",
    re.IGNORECASE,
)
"""What marks a sentence that speaks to a judge, or that is a verdict. None of 15,845 gold rows has one."""
_LOOK_ALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0406\u0408\u0405"
    "\u03b1\u03bf\u03c1\u03bd\u03b9\u03ba\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "aeopcyxijshdqwABEKMHOPCTXIJSaopvikABEZHIKMNOPTYX",
)
"""Cyrillic and Greek letters that look like Latin ones."""
_WORD, _LATIN, _LOOKS_LATIN = re.compile(r"\w+"), re.compile("[A-Za-z]"), re.compile("[\u0370-\u052f]")
_MOST_PARTS = 4


def readings(answer: str) -> tuple[str, ...]:
    """Return the parts of an answer between markup, each as a reader sees it.

    Of a part are left out invisible characters, pictures, and sentences that speak to a judge; letters that only look
    Latin are made Latin.

    Returns:
        At most `_MOST_PARTS`, the last with all the rest; none where there is nothing of the kind. Of an answer that
        is nothing else, one that is empty.
    """
    *first, rest = _TAG.split(answer, _MOST_PARTS - 1)
    found = tuple(filter(None, (_plain(part) for part in (*first, _TAG.sub(" ", rest))))) or ("",)
    return () if found == (" ".join(answer.split()),) else found


def _plain(text: str) -> str:
    """Return what a reader sees of a part."""
    seen = "".join(char if char == "\n" else " " if unicodedata.category(char) in _NO_TEXT else char for char in text)
    told = (one for one in _SENTENCE_ENDS.split(_in_latin(seen)) if not _TO_A_JUDGE.search(one))
    return " ".join(" ".join(told).split())


def _in_latin(text: str) -> str:
    """Return a text with styled letters as plain ones, and all in Latin where a word mixes alphabets."""
    plain = "".join(unicodedata.normalize("NFKC", char) if char.isalpha() else char for char in text)
    mixed = any(_LATIN.search(word) and _LOOKS_LATIN.search(word) for word in _WORD.findall(plain))
    return plain.translate(_LOOK_ALIKES) if mixed else plain
