"""Records the runs on which the health word is tested: `python tools/record_health.py`, some minutes.

Some go well, some are made to suffer. It writes tests/training/health_records.json: what health looks at, tick by tick.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
TARGET = ROOT / "tests" / "training" / "health_records.json"
SHARED = "--method=gan --width=8 --latent_dim=32 --batch_size=32 --threads=1"
RUNS = {
    "fine": "--kimg=64 --tick_kimg=2",
    "fine_hinge": "--kimg=64 --tick_kimg=4 --loss=hinge",
    "few_pictures": "--kimg=100 --tick_kimg=4 --d_lr=1e-3 --dataset={photos}",  # 450 of tools/fashion_photos.py
    "ring": "--kimg=64 --tick_kimg=4 --dataset=ring --network=mlp",
    "wasserstein": "--kimg=40 --tick_kimg=4 --loss=wasserstein",
    "d_untrained": "--kimg=44 --tick_kimg=4 --d_lr=1e-9",
    "d_overtrained": "--kimg=48 --tick_kimg=4 --n_dis=4 --d_lr=2e-3 --g_lr=1e-5",
    "d_overtrained_hinge": "--kimg=24 --tick_kimg=2 --loss=hinge --n_dis=8 --d_lr=2e-3 --g_lr=1e-5",
    "rates_far_too_high": "--kimg=44 --tick_kimg=4 --g_lr=0.5 --d_lr=0.5",
}
KEPT = (
    "step",
    "d_train",
    "d_heldout",
    "d_samples",
    "diversity",
    "unlikeness",
    "roughness",
    "d_grad_norm",
    "g_grad_norm",
)


def rows(path):
    """Returns what is kept of a metrics.jsonl, to four digits."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [
        {name: row[name] if name == "step" else float(f"{row[name]:.4g}") for name in KEPT if name in row}
        for row in found
    ]


def record(name, path):
    """Returns the entry of a run in the file."""
    relative = "wasserstein" in RUNS[name]
    return {"flags": RUNS[name], "loss": {"relative": relative}, "rows": rows(path)}


def main():
    """Trains all runs and writes the file."""
    with tempfile.TemporaryDirectory() as folder:
        photos = f"{folder}/photos"
        subprocess.run([sys.executable, ROOT / "tools" / "fashion_photos.py", photos], check=True)
        records = {}
        for name, flags in RUNS.items():
            run = pathlib.Path(folder, name)
            words = f"{SHARED} {flags.format(photos=photos)} --run_dir={run}".split()
            subprocess.run([sys.executable, ROOT / "train.py", *words], check=True, cwd=folder)
            records[name] = record(name, run / "metrics.jsonl")
    TARGET.write_text("{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(r)}" for n, r in records.items()) + "\n}\n")


if __name__ == "__main__":
    main()
