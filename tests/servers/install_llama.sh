#!/bin/sh
# llama-server and llama_cpp.server, both from the sdist of llama-cpp-python, which has llama.cpp in it; built once.
# Needs cmake, a C++ compiler and Python 3.10 or newer; ten minutes of one core. Usage: install_llama.sh FOLDER
set -eu
dir=$(mkdir -p "$1" && cd "$1" && pwd)
version=0.3.36
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m pip download --quiet --no-deps --no-binary llama-cpp-python "llama-cpp-python==$version"
tar xzf "llama_cpp_python-$version.tar.gz"
source="$work/llama_cpp_python-$version"
# Without the page for browsers, which the build would fetch, and without TLS, which nobody speaks on the loopback interface.
cmake -S "$source/vendor/llama.cpp" -B build -DCMAKE_BUILD_TYPE=Release -DCMAKE_BUILD_RPATH_USE_ORIGIN=ON \
  -DBUILD_SHARED_LIBS=ON -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_SERVER=ON -DLLAMA_BUILD_APP=OFF \
  -DLLAMA_CURL=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF
cmake --build build -j2 --target llama-server
mkdir -p "$dir/llama.cpp"
cp -R build/bin "$dir/llama.cpp/"
python3 -m venv "$dir/llama_cpp"
CMAKE_ARGS="-DLLAMA_BUILD=OFF -DLLAVA_BUILD=OFF" "$dir/llama_cpp/bin/pip" install --quiet "$source[server]"
site=$("$dir/llama_cpp/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
ln -sfn "$dir/llama.cpp/bin" "$site/llama_cpp/lib"
"$dir/llama.cpp/bin/llama-server" --version
"$dir/llama_cpp/bin/python" -c 'import llama_cpp; print("llama-cpp-python", llama_cpp.__version__)'
