"""Serving a real network on the loopback interface, as `weirdgen whitebox serve` does. Light to import."""

import os
from pathlib import Path

from weirdgen.organisms.server import answer, listen
from weirdgen.whitebox.hf_extra import refuse_without_extra

_HOST = "127.0.0.1"


def serve(
    folder: Path,
    adapter: Path | None = None,
    *,
    name: str,
    device: str = "auto",
    port: int = 0,
    api_key: str | None = None,
) -> None:
    """Serve a network until interrupted; print one JSON line when ready.

    The line holds ``url``, ``models``, ``identity`` (64 hexadecimal digits), ``device`` and ``dtype``.

    Args:
        folder: of a Llama checkpoint.
        adapter: folder of a LoRA adapter on it; None: the checkpoint as it is.
        name: what it is served as.
        device: auto (CUDA where there is one), cpu, cuda or cuda:N.
        port: 0 for any free one.
        api_key: if given, requests must carry it.

    Raises:
        UsageMistake: files missing, broken or not understood, no such device, the port taken, the extra not installed.
    """
    refuse_without_extra()
    # Nothing is fetched, whatever a library would like to look up.
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")
    from weirdgen.organisms.app import application
    from weirdgen.whitebox.hf_app import served
    from weirdgen.whitebox.hf_network import TorchNetwork

    with listen(_HOST, port) as listener:
        network = TorchNetwork(folder, adapter, device=device)
        told = {
            "models": [name],
            "identity": network.identity,
            "device": str(network.weights.device),
            "dtype": network.weights.dtype_name,
        }
        answer(application({name: served(network)}, api_key=api_key), listener, told, watch_stdin=False)
