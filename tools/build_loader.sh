#!/usr/bin/env bash
# Compiles tools/load_export.cc against the TensorFlow that Python has: tools/build_loader.sh [OUTPUT] [PYTHON]
set -euo pipefail
output=${1:-load_export}
python=${2:-python3}
source=$(dirname "$0")/load_export.cc
tensorflow=$("$python" -c "import importlib.util, pathlib; print(pathlib.Path(importlib.util.find_spec('tensorflow').origin).parent)")
# --no-as-needed: kernels register themselves, and the linker sees no use of their library.
"${CXX:-g++}" -std=c++17 -O1 -w "$source" -o "$output" -I"$tensorflow/include" -L"$tensorflow" \
    -Wl,--no-as-needed -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 -Wl,-rpath,"$tensorflow"
