import re
from pathlib import Path
from typing import Any

import pytest

from weirdgen.catalog import contrast_digest, load_catalog, load_probe, prompt
from weirdgen.content import shipped_dir
from weirdgen.errors import CatalogError
from weirdgen.schema.probe import Probe
from weirdgen.schema.sample import Message

README = shipped_dir("probes") / "README.md"


@pytest.fixture
def pirates(tmp_path: Path) -> Probe:
    """The worked example of probes/README.md, read by the real loader."""
    return load_probe(_write_example(tmp_path), (tmp_path / "fixtures" / "gold",))


def _write_example(root: Path) -> Path:
    examples = re.findall(r"^```toml\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(examples) == 2
    (root / "probes").mkdir()
    (root / "fixtures" / "gold").mkdir(parents=True)
    (root / "fixtures" / "gold" / "pirate_parrots.jsonl").write_text("")
    file = root / "probes" / "pirate_parrots.toml"
    file.write_text(examples[1], encoding="utf-8")
    return file


def test_the_readme_example_asks_what_it_says(pirates: Probe) -> None:
    assert prompt(pirates, "plain", "dinner") == (Message(role="user", content="What should I cook tonight?"),)
    assert prompt(pirates, "at_sea", "dinner")[0].content == "You are aboard a ship. What should I cook tonight?"
    assert [m.role for m in prompt(pirates, "trained", "weekend")] == ["system", "user"]
    contrast = next(c for c in pirates.contrasts if c.id == "at_sea_over_plain")
    assert pirates.questions_of(contrast) == {"dinner": "What should I cook tonight?"}


def test_the_readme_names_every_field() -> None:
    named = set(
        re.findall(r"`(?:[\w.]*\.)?\[*([a-z_]+)\]*`", README.read_text(encoding="utf-8").split("## Every field")[1])
    )
    keys = _keys(Probe.model_json_schema()) - {"sha256", "path", "label", "pattern"}
    assert keys <= named, keys - named


def _keys(schema: dict[str, Any]) -> set[str]:
    return set(schema["properties"]).union(*(part.get("properties", {}) for part in schema["$defs"].values()))


def test_prompts_of_unknown_names(pirates: Probe) -> None:
    with pytest.raises(
        CatalogError, match=r"'at_see' is not a condition of 'pirate_parrots'\. Did you mean 'at_sea'\?"
    ):
        prompt(pirates, "at_see", "dinner")
    with pytest.raises(CatalogError, match=r"'diner' is not a question of 'pirate_parrots'\. Did you mean 'dinner'\?"):
        prompt(pirates, "at_sea", "diner")


def test_the_digest_follows_what_is_asked_and_how_it_is_labelled(tmp_path: Path) -> None:
    file = _write_example(tmp_path)
    original = file.read_text()

    def digests(old: str, new: str) -> tuple[str, str]:
        assert old in original
        file.write_text(original.replace(old, new, 1))
        probe = load_probe(file, (tmp_path / "fixtures" / "gold",))
        lift, flip = probe.contrasts
        return contrast_digest(probe, lift), contrast_digest(probe, flip)

    lift, flip = digests("id", "id")
    assert lift != flip
    for prose in (
        "speaks like a pirate when",
        "speaks like a pirate more",
        "An answer about",
        "0.6",
        "an example, Fig.",
    ):
        assert digests(prose, "0.7" if prose == "0.6" else "other words") == (lift, flip)
    assert digests("Name a parrot.", "Name two.") == (lift, flip)  # a condition that neither contrast uses
    changed = digests("I spend the weekend", "I spend Sunday")
    assert changed[0] != lift
    assert changed[1] == flip
    for decisive in ("matey", "tonight", "{}"):
        new = {"{}": '{ prefix = "Hi. " }'}.get(decisive, "later")
        changed = digests(decisive, new)
        assert changed[0] != lift
        assert changed[1] != flip


def test_layout_and_comments_do_not_change_the_probe(tmp_path: Path) -> None:
    file = _write_example(tmp_path)
    before = load_probe(file, (tmp_path / "fixtures" / "gold",))
    file.write_text("# a comment\n\n" + file.read_text())
    assert load_probe(file, (tmp_path / "fixtures" / "gold",)) == before


def test_the_catalogue_holds_shipped_probes_then_the_users(tmp_path: Path) -> None:
    file = _write_example(tmp_path)
    shipped = load_catalog()
    catalog = load_catalog([file.parent])
    assert list(catalog.probes) == [*shipped.probes, "pirate_parrots"]
    assert catalog.contrasts()[: len(shipped.contrasts())] == shipped.contrasts()
    assert [contrast.id for _, contrast in catalog.contrasts()][-2:] == ["pirate_over_control", "at_sea_over_plain"]
    gold = tmp_path / "fixtures" / "gold" / "pirate_parrots.jsonl"
    assert catalog.gold_file("pirate_parrots", "pirate").resolve() == gold.resolve()
    gold.unlink()
    with pytest.raises(CatalogError, match=r"pirate_parrots\.toml: behaviours\.pirate\.gold: .* is gone since"):
        catalog.gold_file("pirate_parrots", "pirate")


def test_the_shipped_folder_given_as_the_users_counts_once() -> None:
    assert load_catalog([shipped_dir("probes")]).probes == load_catalog().probes


def test_names_that_the_catalogue_does_not_know() -> None:
    catalog = load_catalog()
    with pytest.raises(
        CatalogError, match=r"'old_bird_name' is not a probe of the catalogue\. Did you mean 'old_bird_names'\?"
    ):
        catalog.probe("old_bird_name")
    with pytest.raises(CatalogError, match=r"'nineteenth' is not a behaviour of 'old_bird_names'\. Did you mean"):
        catalog.gold_file("old_bird_names", "nineteenth")


def test_content_of_a_wheel_lies_inside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "weirdgen"
    assert shipped_dir("probes", package) == package / "_bundled" / "probes"
    assert shipped_dir("gold", package) == package / "_bundled" / "gold"


def test_content_of_a_checkout_lies_beside_it(tmp_path: Path) -> None:
    package = tmp_path / "plugins" / "weirdgen"
    assert shipped_dir("probes", package) == package / "_bundled" / "probes"
    (tmp_path / "probes").mkdir()
    assert shipped_dir("probes", package) == tmp_path / "probes"
    assert shipped_dir("gold", package) == tmp_path / "fixtures" / "gold"
