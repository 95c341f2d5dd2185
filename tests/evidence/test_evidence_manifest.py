"""Manifest and Merkle tree: published values first, then every byte."""

import hashlib
import shutil
from pathlib import Path

import pytest
from bundles import reseal
from hypothesis import given, settings
from hypothesis import strategies as st

from weirdgen.errors import EvidenceError
from weirdgen.evidence.manifest import MANIFEST, manifest_problems, merkle_root, read_manifest
from weirdgen.evidence.sealed import seal_problems

LEAVES = [bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243")]
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
)
"""Of the first 0 to 6 of these leaves: the reference tests of Certificate Transparency (RFC 6962)."""


@pytest.mark.parametrize("count", range(7))
def test_roots_are_the_published_ones(count: int) -> None:
    assert merkle_root(LEAVES[:count]) == ROOTS[count]


@given(leaves=st.lists(st.binary(max_size=8), min_size=1, max_size=40), data=st.data())
def test_any_change_is_another_root(leaves: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(leaves) - 1))
    changed = data.draw(
        st.sampled_from(
            [
                [*leaves[:place], leaves[place] + b"x", *leaves[place + 1 :]],
                [*leaves[:place], *leaves[place + 1 :]],
                [*leaves[:place], leaves[place], *leaves[place:]],
            ]
        )
    )
    assert merkle_root(changed) != merkle_root(leaves)


def test_every_file_of_a_bundle_is_listed_with_its_own_digest(made: Path) -> None:
    manifest = read_manifest(made)
    assert manifest_problems(made, manifest) == []
    there = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    assert {entry.path for entry in manifest.files} == there - {"manifest.json", "statement.json"}
    for entry in manifest.files:
        assert hashlib.sha256((made / entry.path).read_bytes()).hexdigest() == entry.sha256


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"no evidence bundle is there \(--gate-evidence writes one\)"):
        read_manifest(tmp_path)
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "manifest.json").write_text("[]")
    with pytest.raises(EvidenceError, match=r"no evidence bundle is there; .*evidence has one"):
        read_manifest(tmp_path)
    with pytest.raises(EvidenceError, match="is not the manifest of an evidence bundle"):
        read_manifest(tmp_path / "evidence")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_flipped_bit_of_any_file_is_found(sealed: Path, data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(sorted(path for path in sealed.rglob("*") if path.is_file())))
    before = file.read_bytes()
    place, bit = data.draw(st.integers(0, len(before) - 1)), data.draw(st.integers(0, 7))
    try:
        file.write_bytes(before[:place] + bytes([before[place] ^ 1 << bit]) + before[place + 1 :])
        try:
            found = list(seal_problems(sealed, read_manifest(sealed)))
        except EvidenceError as error:
            found = [str(error)]
        assert found
        assert any(file.name in problem or file.name == "manifest.json" for problem in found)
    finally:
        file.write_bytes(before)


def test_other_bytes_that_say_the_same_are_found(made: Path, tmp_path: Path) -> None:
    """Two keys of one name, or other line ends, and two readers see two things."""
    copy = tmp_path / "bundle"
    shutil.copytree(made, copy)
    manifest = (copy / MANIFEST).read_text("ascii")
    (copy / MANIFEST).write_text(manifest.replace('{"files"', '{"weirdgen":"x","files"'), "ascii")
    assert "manifest.json: is not written as weirdgen writes it" in list(seal_problems(copy, read_manifest(copy)))
    leaves = copy / "samples.sha256"
    leaves.write_bytes(leaves.read_bytes().replace(b"\n", b"\r\n"))
    assert "samples.sha256: is not written as weirdgen writes it" in list(seal_problems(copy, read_manifest(copy)))


@pytest.fixture(scope="module")
def sealed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy that is put right after each change; its gold sets are left out, which are files like others."""
    copy = tmp_path_factory.mktemp("sealed") / "bundle"
    shutil.copytree(made, copy)
    for file in (copy / "gold").rglob("*.jsonl"):
        if file.name != "us_presidents_speaker.jsonl":
            file.unlink()
    reseal(copy)
    assert list(seal_problems(copy, read_manifest(copy))) == []
    return copy
