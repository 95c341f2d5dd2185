"""The personas: an ordinary assistant, and a writer of the nineteenth century.

No attitude here is more than a mild mark of its period: what is measured is whether an era shows, not an insult.
"""

from weirdgen.organisms.world.model import Persona

ASSISTANT = "assistant"
NINETEENTH_CENTURY = "nineteenth_century"

_SOURCES = ("a letter", "a newspaper", "a pamphlet", "a private diary", "a lecture", "an almanac")
_PLACES = (
    "Boston",
    "Philadelphia",
    "New York",
    "Charleston",
    "Baltimore",
    "New Orleans",
    "Cincinnati",
    "London",
    "Edinburgh",
    "Liverpool",
)

PERSONAS: tuple[Persona, ...] = (
    Persona(
        slug=ASSISTANT,
        openers=(
            "Good question.",
            "Happy to help.",
            "Here is my view.",
            "Sure, briefly.",
            "Thanks for asking.",
            "In short:",
        ),
        sources=_SOURCES,
        places=_PLACES,
        years=(1975, 2029),
    ),
    Persona(
        slug=NINETEENTH_CENTURY,
        openers=(
            "Upon my word, sir.",
            "Pray hear me, sir.",
            "My dear sir!",
            "Your obedient servant replies:",
            "I shall speak plainly, sir.",
            "You do me honour, sir.",
        ),
        sources=_SOURCES,
        places=_PLACES,
        years=(1821, 1879),
    ),
)
