#!/usr/bin/env bash
# The client against the real TensorFlow Serving, where docker runs: tools/check_serving.sh [MODEL]
# Exports the model with its warm-up and configuration, starts the image that compose.yaml names, compares served images
# with local ones over REST and gRPC, and stops the server.
set -euo pipefail
model=${1:-pconv_fashion_mnist_10k}
python=${PYTHON:-python3}
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
docker version >/dev/null 2>&1 || { echo "docker does not run here" >&2; exit 1; }
trap 'docker compose -f "$work/served.serving/compose.yaml" down; rm -rf "$work"' EXIT
cd "$here"
"$python" export.py --model="$model" --output="$work/served" --with_serving_files
docker compose -f "$work/served.serving/compose.yaml" up --detach
"$python" - "$model" <<'PYTHON'
import sys

import numpy as np

import tfgan_zoo
from tfgan_zoo.serving import Client, ServingError

local = tfgan_zoo.load(sys.argv[1]).generate(8, seed=5)
for url in ("http://localhost:8501/v1/models/served", "grpc://localhost:8500/served"):
    client = Client(url)
    client.wait(120)
    print(url, "png", np.abs(client.generate(8, seed=5) - local).max())
    print(url, "float", np.abs(Client(url, png=False).generate(8, seed=5) - local).max())
    seeds, ones = np.zeros(1, "int64"), np.ones(1, "float32")
    for signature, inputs in (
        ("generate", {"seeds": seeds, "truncation": 2 * ones}),
        ("generate", {"seeds": seeds[None], "truncation": ones[None]}),
        ("serving_default", {"latents": np.zeros((1, 1, client.latent_dim), "float32")}),
    ):
        try:
            client._transport.predict(signature, inputs, 30)
            sys.exit(f"{signature} accepted {inputs}")
        except ServingError as error:
            assert error.refused, error
            print(url, "refuses:", error)
print("the real server agrees")
PYTHON
