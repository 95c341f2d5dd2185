"""What the text of an option may be, and the error that says so. Standard library and pytest only."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from weirdgen.schema.shard import Shard

IniType = Literal["string", "float", "int"]
MOST_SHARDS = 1000
_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True, slots=True)
class GateOption:
    """One `--gate-NAME` with its ini twin `gate_name` and its variable `WEIRDGEN_GATE_NAME`."""

    name: str
    parse: Callable[[str], Any]
    """Its docstring says what it expects; it raises ValueError for anything else."""
    ini: IniType
    metavar: str
    help: str

    @property
    def flag(self) -> str:
        """Name on the command line."""
        return f"--gate-{self.name}"

    @property
    def key(self) -> str:
        """Name in the ini file."""
        return "gate_" + self.name.replace("-", "_")

    @property
    def dest(self) -> str:
        """Attribute of the parsed options."""
        return "weirdgen_" + self.key

    @property
    def variable(self) -> str:
        """Name in the environment."""
        return "WEIRDGEN_" + self.key.upper()


def number(low: float, high: float) -> Callable[[str], float]:
    """Return a parser of numbers between `low` and `high`, both excluded."""

    def parse(text: str) -> float:
        value = float(text)
        if not low < value < high:
            raise ValueError
        return value

    parse.__doc__ = f"a number between {low:g} and {high:g}"
    return parse


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a parser of whole numbers from `low` to `high`."""

    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError
        return value

    parse.__doc__ = f"a whole number from {low} to {high}"
    return parse


def choice(*words: str) -> Callable[[str], str]:
    """Return a parser that takes one of `words`."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    parse.__doc__ = " or ".join(words)
    return parse


def part(text: str) -> "Shard":
    """one of N parts, I/N with 1 <= I <= N, such as 2/4"""  # noqa: D403, D415 - the message's words
    from weirdgen.schema.shard import Shard

    number, slash, total = text.partition("/")
    if not (slash and number.isascii() and total.isascii() and number.isdigit() and total.isdigit()):
        raise ValueError
    if not 1 <= int(number) <= int(total) <= MOST_SHARDS:
        raise ValueError
    return Shard(int(number), int(total))


def switch() -> Callable[[str], bool]:
    """Return a parser of yes and no: a word that is neither must not turn anything on."""

    def parse(text: str) -> bool:
        if text.lower() not in _ON + _OFF:
            raise ValueError
        return text.lower() in _ON

    parse.__doc__ = f"one of {', '.join(_ON + _OFF)}"
    return parse


def parsed(parse: Callable[[str], Any], origin: str, text: str) -> Any:
    """Return the value that a text stands for.

    Args:
        parse: its docstring says what it expects.
        origin: option, variable or ini option that the text came from.
        text: what the user wrote.

    Raises:
        pytest.UsageError: the text cannot be parsed.
    """
    try:
        return parse(text)
    except ValueError:
        raise pytest.UsageError(f"{origin}: {text!r} is not {parse.__doc__}") from None


def ini_value(config: pytest.Config, key: str, expected: str | None) -> Any:
    """Return what pytest reads from an ini option; None if it is not set.

    Args:
        config: of the session.
        key: of the ini option.
        expected: what may stand there, for the message.

    Raises:
        pytest.UsageError: pytest itself cannot read it as the type it was declared with.
    """
    try:
        return config.getini(key)
    except (TypeError, ValueError, pytest.UsageError) as error:
        raise pytest.UsageError(f"ini option {key}: {error}; expected {expected}") from None
