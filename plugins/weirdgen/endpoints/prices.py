"""What tokens cost: a short table of our own, and the user's."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from weirdgen.errors import CatalogError
from weirdgen.schema.frozen import Frozen

_SHIPPED = Path(__file__).with_name("prices.toml")
_MILLION = 1e6


class Price(Frozen):
    """US dollars per million tokens."""

    input: float = Field(ge=0, le=1e9)
    output: float = Field(ge=0, le=1e9)
    batch: float = Field(default=1.0, ge=0, le=1)
    """Share of both that a request in a batch costs."""

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Return what tokens cost, in US dollars."""
        return (prompt_tokens * self.input + completion_tokens * self.output) / _MILLION

    @property
    def batched(self) -> "Price":
        """What tokens cost in a batch."""
        return Price(input=self.input * self.batch, output=self.output * self.batch)


FREE = Price(input=0, output=0)


def load_prices(own: Path | None = None) -> dict[str, Price]:
    """Read the shipped prices, and over them the user's.

    Args:
        own: TOML, a table with `input` and `output` for each model.

    Raises:
        CatalogError: the file cannot be read, or a price is none.
    """
    return _read(_SHIPPED) | (_read(own) if own is not None else {})


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """Return the price of a model: that of the longest name that is its own or its beginning; None: unknown."""
    known = [name for name in prices if model == name or model.startswith((f"{name}-", f"{name}:"))]
    return prices[max(known, key=len)] if known else None


def _read(path: Path) -> dict[str, Price]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogError(f"{path.name}: {error}; expected TOML with a price for each model") from None
    try:
        return {name: Price.model_validate(value) for name, value in data.items()}
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise CatalogError(
            f'{path.name}: {where}: {first["msg"]}; write ["MODEL"], then input = and output = in US dollars per '
            "million tokens"
        ) from None
