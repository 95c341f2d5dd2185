#!/bin/sh
# LiteLLM's proxy, with what its cache on disk needs: three minutes, 750 MB. Usage: install_litellm.sh FOLDER
set -eu
mkdir -p "$1"
python3 -m venv "$1/litellm"
"$1/litellm/bin/pip" install --quiet "litellm[proxy]" diskcache
"$1/litellm/bin/python" -c 'from importlib.metadata import version; print("litellm", version("litellm"))'
