#!/bin/sh
# transformers serve on a processor: three minutes, 1.2 GB. Usage: install_transformers.sh FOLDER
set -eu
mkdir -p "$1"
python3 -m venv "$1/transformers"
"$1/transformers/bin/pip" install --quiet torch==2.13.0 "transformers[serving]==5.24.0" accelerate
"$1/transformers/bin/python" -c 'import transformers; print("transformers", transformers.__version__)'
