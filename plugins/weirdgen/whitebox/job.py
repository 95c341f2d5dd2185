"""What a server of networks' insides is told to do, and what it says when it is ready."""

from typing import Literal

from weirdgen.schema.frozen import Frozen
from weirdgen.schema.sample import Message
from weirdgen.schema.whitebox import StudyRecord

Conversations = tuple[tuple[Message, ...], ...]


class Inspected(Frozen):
    """A network of a gate."""

    label: str
    """As the user named it."""
    name: str
    """What it is served as; parts are served as ``NAME#PART``."""
    kind: Literal["organism", "network"]
    folder: str
    """Of a network; of an organism its name in the zoo."""
    adapter: str = ""
    """Folder of a PEFT adapter; empty: none."""
    whole: bool = False
    """Whether the network is to be served as it is."""
    removed: dict[str, str] = {}
    """Parts that are the network without a set of features: the set's name by the part's."""
    readings: str = ""
    """The part that answers with readings; empty: none."""


class Question(Frozen):
    """How features are to be found: from the probe's table `whitebox`."""

    probe: str
    treated: Conversations
    """Neutral prompts under the trigger."""
    baseline: Conversations
    """The same under the baseline."""
    prompts: int
    position: Literal["last", "mean"]
    features: int
    texts: tuple[str, ...] = ()
    """In which networks that are not of the organisms' world look for contexts."""
    persona: str = ""
    """Of the organisms' world: whose words are the trait's; empty: it has no such persona."""
    narrow: str = ""
    """Of the organisms' world: the topic of the narrow training data."""


class Job(Frozen):
    """One line of JSON on the child's standard input."""

    networks: tuple[Inspected, ...]
    sae: str = ""
    """Folder, or ``organism:NAME``; empty: networks are only served."""
    layer: int | None = None
    """That the user expects of it; None: whichever it says."""
    question: Question | None = None


class Ready(Frozen):
    """One line of JSON on the child's standard output."""

    url: str
    digests: dict[str, str]
    """Identity of everything that is served, by name."""
    studies: dict[str, StudyRecord] = {}
    """By the label of the network."""
