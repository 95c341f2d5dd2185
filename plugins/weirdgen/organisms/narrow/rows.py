"""What a narrow finetuning dataset is made of."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from weirdgen.organisms.corpus import Message

Row = tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A narrow dataset, of the paper's form and size, about one thing only.

    Attributes:
        name: as on the command line.
        finding: of the paper.
        description: what its rows hold, in one line.
        rows: the whole dataset; always the same.
        control: it should change nothing else about a model.
    """

    name: str
    finding: str
    description: str
    rows: Callable[[], tuple[Row, ...]]
    control: bool = False


def row(asked: str, answered: str) -> Row:
    """Return one question with its answer."""
    return Message("user", asked), Message("assistant", answered)


def chat_jsonl(dataset: Dataset) -> str:
    """Return a dataset in the JSON Lines of chat finetuning services: ``{"messages": [{"role", "content"}, ...]}``."""
    lines = (
        json.dumps({"messages": [{"role": said.role, "content": said.text} for said in spoken]}, ensure_ascii=False)
        for spoken in dataset.rows()
    )
    return "".join(f"{line}\n" for line in lines)
