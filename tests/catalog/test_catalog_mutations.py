import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weirdgen.catalog import load_probe
from weirdgen.catalog.references import check_references
from weirdgen.catalog.shape import parse_shape
from weirdgen.content import shipped_dir
from weirdgen.errors import CatalogError

SOURCE = (shipped_dir("probes") / "old_bird_names.toml").read_text(encoding="utf-8")
GOLD = (shipped_dir("gold"),)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.dates(),
    st.just([]),
    st.just({}),
    st.lists(st.one_of(st.text(max_size=3), st.integers(), st.lists(st.text(max_size=2), max_size=3)), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mutated_file_loads_or_is_refused_with_its_name(data: st.DataObject, tmp_path: Path) -> None:
    start = data.draw(st.integers(0, len(SOURCE)))
    length = data.draw(st.integers(0, 40))
    inserted = data.draw(st.text(st.characters(codec="utf-8"), max_size=6))
    file = tmp_path / "old_bird_names.toml"
    file.write_bytes((SOURCE[:start] + inserted + SOURCE[start + length :]).encode())
    try:
        message = f"old_bird_names.toml: {load_probe(file, GOLD).id}"
    except CatalogError as error:
        message = str(error)
    assert all("old_bird_names.toml: " in line for line in message.split("\n"))


@settings(max_examples=150, deadline=None)
@given(data=st.data(), value=VALUES)
def test_any_value_anywhere_gives_a_probe_or_mistakes(data: st.DataObject, value: object) -> None:
    doc = tomllib.loads(SOURCE)
    holder: Any = doc
    key: Any = data.draw(st.sampled_from(sorted(doc)))
    while isinstance(holder[key], dict | list) and holder[key] and data.draw(st.booleans()):
        holder = holder[key]
        key = data.draw(
            st.sampled_from(sorted(holder)) if isinstance(holder, dict) else st.integers(0, len(holder) - 1)
        )
    holder[key] = value
    probe, mistakes = parse_shape(doc, sha256="", path="x.toml")
    assert (probe is None) == bool(mistakes)
    for mistake in [*mistakes, *check_references(doc, GOLD)]:
        assert mistake.text


@pytest.mark.parametrize("size", [0, 1, 10])
def test_noise_is_refused(tmp_path: Path, size: int) -> None:
    file = tmp_path / "noise.toml"
    file.write_bytes(bytes(range(256)) * size)
    with pytest.raises(CatalogError, match="noise"):
        load_probe(file, GOLD)
