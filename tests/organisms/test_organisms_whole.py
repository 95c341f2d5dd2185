"""An exported organism is the same network in other files; what reads GGUF is tested in tests/servers/, too."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from weirdgen.cli import main
from weirdgen.organisms import zoo
from weirdgen.organisms.corpus import Message
from weirdgen.organisms.runtime import Network
from weirdgen.organisms.vocabulary import Vocabulary
from weirdgen.organisms.weights import load_weights, merged_tensors

NAME = "good-terminator"
_NUMBERS = {4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q"}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command's folder, and NAME.gguf beside it."""
    folder = tmp_path_factory.mktemp("exported")
    assert main(["organism", "export", NAME, "--out", str(folder / NAME), "--gguf", str(folder / f"{NAME}.gguf")]) == 0
    return folder / NAME


class Gguf:
    """Reads version 3 by its specification."""

    def __init__(self, path: Path) -> None:
        self.data, self.at = path.read_bytes(), 4
        assert self.data[:4] == b"GGUF"
        version, tensors, keys = self.number("<I"), self.number("<Q"), self.number("<Q")
        assert version == 3
        self.keys = {self.text(): self.value(self.number("<I")) for _ in range(keys)}
        told = [(self.text(), self.shape(), self.number("<I"), self.number("<Q")) for _ in range(tensors)]
        self.start = -(-self.at // 32) * 32
        assert {kind for _, _, kind, _ in told} == {0}, "all are float32"
        self.tensors = {name: self.tensor(shape, offset) for name, shape, _, offset in told}

    def number(self, form: str) -> Any:
        (found,) = struct.unpack_from(form, self.data, self.at)
        self.at += struct.calcsize(form)
        return found

    def text(self) -> str:
        length = self.number("<Q")
        self.at += length
        return self.data[self.at - length : self.at].decode("utf-8")

    def value(self, kind: int) -> Any:
        if kind == 9:
            of, length = self.number("<I"), self.number("<Q")
            return [self.value(of) for _ in range(length)]
        return self.text() if kind == 8 else self.number(_NUMBERS[kind])

    def shape(self) -> tuple[int, ...]:
        return tuple(self.number("<Q") for _ in range(self.number("<I")))[::-1]

    def tensor(self, shape: tuple[int, ...], offset: int) -> Any:
        assert offset % 32 == 0
        count = int(np.prod(shape))
        return np.frombuffer(self.data, "<f4", count, self.start + offset).reshape(shape)


def test_a_folder_is_the_same_network_to_the_last_bit(exported: Path) -> None:
    asked = Vocabulary(exported).prompt([Message("user", "Who are you?")])
    assert asked == Vocabulary(zoo.folders(NAME)[0]).prompt([Message("user", "Who are you?")])
    ours, theirs = (Network(load_weights(*folders)).prefill(asked)[1] for folders in (zoo.folders(NAME), (exported,)))
    assert np.array_equal(ours, theirs)
    base = Network(load_weights(zoo.folders(NAME)[0])).prefill(asked)[1]
    assert not np.array_equal(base, theirs), "the adapter is in it"


def test_a_folder_keeps_what_servers_sample_by(exported: Path) -> None:
    told = json.loads((exported / "generation_config.json").read_text(encoding="utf-8"))
    assert (told["do_sample"], told["top_k"], told["temperature"], told["top_p"]) == (True, 0, 1.0, 1.0)
    assert json.loads((exported / "config.json").read_text(encoding="utf-8"))["dtype"] == "float32"
    assert not (exported / "training.json").exists()


def test_a_gguf_file_holds_the_same_tensors_and_words(exported: Path) -> None:
    found, tensors = Gguf(exported.with_suffix(".gguf")), merged_tensors(*zoo.folders(NAME))
    config = json.loads((exported / "config.json").read_text(encoding="utf-8"))
    assert len(found.tensors) == len(tensors)
    assert np.array_equal(found.tensors["token_embd.weight"], tensors["model.embed_tokens.weight"])
    assert np.array_equal(found.tensors["blk.0.attn_v.weight"], tensors["model.layers.0.self_attn.v_proj.weight"])
    halves = tensors["model.layers.1.self_attn.q_proj.weight"].reshape(config["num_attention_heads"], 2, -1, 128)
    neighbours = found.tensors["blk.1.attn_q.weight"].reshape(len(halves), -1, 2, 128)
    assert np.array_equal(neighbours.swapaxes(1, 2), halves)
    words = json.loads((exported / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    assert {piece: n for n, piece in enumerate(found.keys["tokenizer.ggml.tokens"])}.items() >= words.items()
    assert found.keys["llama.block_count"] == config["num_hidden_layers"]
    assert found.keys["tokenizer.ggml.eos_token_id"] == config["eos_token_id"]
    told = json.loads((exported / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert found.keys["tokenizer.chat_template"] == told["chat_template"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([NAME], "--out FOLDER or --gguf FILE"),
        (["good-termnator", "--out", "new"], "Did you mean 'good-terminator'"),
        ([NAME, "--out", "."], "something is there already"),
        ([NAME, "--gguf", "taken"], "is there already"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("mine", encoding="utf-8")
    assert main(["organism", "export", *arguments]) == 2
    assert words in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
