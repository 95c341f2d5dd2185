"""Prices of tokens: the longest name counts, the user's go first, and a wrong file is named."""

from pathlib import Path

import pytest

from weirdgen.endpoints.prices import Price, load_prices, price_of
from weirdgen.errors import CatalogError


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4.1", "gpt-4.1"),
        ("gpt-4.1-2025-04-14", "gpt-4.1"),
        ("gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"),
        ("ft:gpt-4.1-2025-04-14:org::id", "ft:gpt-4.1"),
        ("ft:gpt-4.1-nano-2025-04-14:org::id", "ft:gpt-4.1-nano"),
        ("gpt-4.15", None),
        ("my-model", None),
    ],
)
def test_the_longest_name_counts(model: str, name: str | None) -> None:
    prices = load_prices()
    assert price_of(model, prices) == (prices[name] if name else None)


def test_a_million_tokens_cost_the_price() -> None:
    assert Price(input=2.0, output=8.0).of(1_000_000, 500_000) == 6.0


def test_the_users_prices_go_first(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('["gpt-4.1"]\ninput = 1\noutput = 1\n["my-model"]\ninput = 0\noutput = 0\n', encoding="utf-8")
    prices = load_prices(own)
    assert prices["gpt-4.1"] == Price(input=1, output=1)
    assert price_of("my-model", prices) == Price(input=0, output=0)
    assert "gpt-4o" in prices


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x", "prices.toml"),
        ('["m"]\ninput = -1\noutput = 1\n', "input"),
        ('["m"]\ninput = 1\n', "output"),
        ('["m"]\ninput = 1\noutput = 1\ninputs = 1\n', "inputs"),
        ("m = 3\n", "million tokens"),
        (None, "prices.toml"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str | None, words: str) -> None:
    own = tmp_path / "prices.toml"
    if text is not None:
        own.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match=words):
        load_prices(own)
