#!/usr/bin/env bash
# One process, two GPUs of one machine: every step's batch is split between them.
set -euo pipefail
python train.py --method=gan --network=sngan --dataset=fashion_mnist_10k --batch_size=128 --devices=2 --run_dir="${1:-runs/two_gpus}"
