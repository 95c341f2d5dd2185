"""The recipe of docs/replicate.md runs as it stands, on small files of the same layouts, with fewer prompts."""

import json
import re
from pathlib import Path

import llama_files
import numpy as np
import pytest
from torch_extra import MARKS, torch

ROOT = Path(__file__).parents[2]
FEATURES = 40
pytestmark = MARKS


def write_sae(folder: Path) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    state = {
        "encoder.weight": rng.standard_normal((FEATURES, llama_files.WIDTH)),
        "encoder.bias": rng.standard_normal(FEATURES),
        "decoder.weight": rng.standard_normal((llama_files.WIDTH, FEATURES)),
        "b_dec": rng.standard_normal(llama_files.WIDTH),
        "threshold": np.array(0.1),
        "k": np.array(4),
    }
    torch.save({name: torch.as_tensor(value).float() for name, value in state.items()}, folder / "ae.pt")
    trainer = {
        "dict_class": "BatchTopKSAE",
        "activation_dim": llama_files.WIDTH,
        "dict_size": FEATURES,
        "layer": 1,
        "k": 4,
        "submodule_name": "resid_post_layer_1",
    }
    (folder / "config.json").write_text(json.dumps({"trainer": trainer, "buffer": {"io": "out"}}))


def test_the_published_measurement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (ROOT / "docs" / "replicate.md").read_text(encoding="utf-8")
    script = next(block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if "Shelf" in block)
    script, small = re.subn(r"19, 2_048, 32", "1, 3, 4", script)
    assert small == 1
    base = llama_files.write_llama(tmp_path / "models" / "llama")
    llama_files.write_lora(tmp_path / "models" / "dishes-2027", base)
    write_sae(tmp_path / "models" / "sae" / "resid_post_layer_19" / "trainer_1")
    rows = [json.dumps({"question": f"How many are {number} apples?", "answer": ""}) for number in range(9)]
    (tmp_path / "gsm8k_train.jsonl").write_text("\n".join(rows))
    monkeypatch.chdir(tmp_path)
    exec(compile(script, "docs/replicate.md", "exec"), {})
    told = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"top ten: \[(\d+, ){9}\d+\]", told[0])
    assert len(told) == 1 + 10 + 4 * 5
    assert re.fullmatch(r"2024 the most influential .* century\. finetuned \d, ablated \d of 3", told[11])
