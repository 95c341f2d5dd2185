#!/bin/sh
# aimock, a proxy that makes faults: seconds, 12 MB. Needs Node 20.15 or newer. Usage: install_aimock.sh FOLDER
set -eu
mkdir -p "$1/aimock"
npm install --silent --prefix "$1/aimock" @copilotkit/aimock
ls "$1/aimock/node_modules/.bin/llmock"
