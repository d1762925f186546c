"""Shows that two checkouts train alike: runs of both, and whether their metrics.jsonl are the same bytes.

    git worktree add ../before COMMIT
    python tools/same_numbers.py --before=../before

Every method trains 200 steps on images and on a mixture; other lines have what composes with them: penalties, losses,
augmentation, labels, a decaying rate. The two runs of a line differ in the checkout alone: one Python, one thread.
A finished run is kept in --runs and not made again. Exit status 1 if any line differs.
"""

import argparse
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMON = ("--threads=1", "--strategy=none", "--precision=float32", "--jit=off", "--seed=3")
IMAGES = ("--kimg=12.8", "--tick_kimg=3.2", "--batch_size=64", "--width=16")
POINTS = ("--dataset=ring", "--kimg=12.8", "--tick_kimg=3.2", "--batch_size=64", "--network=mlp")
SHORT = ("--kimg=1.6", "--tick_kimg=0.4", "--batch_size=8", "--width=8")

CASES = {f"{method}-images": (f"--method={method}", *IMAGES) for method in ("gan", "ces", "particle")}
CASES |= {
    "pconv-images": ("--method=pconv", "--perturb_generator", *IMAGES),
    "express-images": ("--method=express", *IMAGES),
    "brc-images": ("--method=brc", "--inner_steps=3", *IMAGES),
}
CASES |= {
    f"{method}-points": (f"--method={method}", *POINTS) for method in ("gan", "ces", "particle", "express", "brc")
}
CASES |= {
    "gan-sngan": ("--method=gan", "--network=sngan", *SHORT),
    "gan-wgan_gp": ("--method=gan", "--loss=wasserstein", *SHORT),
    "gan-r1": ("--method=gan", "--penalty=r1", "--normalization=none", *SHORT),
    "gan-lecam": ("--method=gan", "--penalty=lecam", "--loss=least_squares", *SHORT),
    "gan-prox": ("--method=gan", "--penalty=prox", *SHORT),
    "brc-prox": ("--method=brc", "--penalty=prox", "--inner_steps=2", *SHORT),
    "brc-lecam": ("--method=brc", "--penalty=lecam", "--inner_steps=2", "--loss=hinge", *SHORT),
    "ces-wasserstein": ("--method=ces", "--costs=wasserstein,hinge", "--penalty=wgan_gp", *SHORT),
    "ces-r1": ("--method=ces", "--penalty=r1", "--selection=best", "--normalization=none", *SHORT),
    "gan-ada": ("--method=gan", "--augment=ada,color", "--ada_kimg=2", *SHORT),
    "particle-proximal": ("--method=particle", "--stabilizer=proximal", "--augment=ada", "--ada_kimg=2", *SHORT),
    "express-brc": ("--method=express", "--host=brc", "--inner_steps=1", "--augment=ada", "--ada_kimg=2", *SHORT),
    "express-decay": ("--method=express", "--init_from_decoder", "--lr_decay=linear", "--encoder_latents", *SHORT),
    "pconv-conditional": (
        "--method=pconv",
        "--perturb_generator",
        "--conditional",
        "--perturb_law=bernoulli",
        "--n_dis=2",
        *SHORT,
    ),
}


def run(checkout, runs, case):
    """Trains a case in a checkout, unless it is done; returns the path of its metrics.jsonl."""
    folder = runs / case
    metrics = folder / "metrics.jsonl"
    if not (folder / "done").exists():
        environment = os.environ | {"PYTHONPATH": str(checkout), "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, "train.py", f"--run_dir={folder}", *CASES[case], *COMMON]
        done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{case} in {checkout}: {done.stderr.strip()}")
        (folder / "done").touch()
    return metrics


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--before", type=pathlib.Path, required=True, help="the other checkout")
    parser.add_argument("--runs", type=pathlib.Path, default=pathlib.Path("runs/same_numbers"))
    parser.add_argument("--only_before", action="store_true", help="make the other checkout's runs, compare nothing")
    parser.add_argument("cases", nargs="*", default=[], help="some of the lines; all if none is named")
    flags = parser.parse_args()
    runs = flags.runs.resolve()
    different = 0
    for case in flags.cases or CASES:
        before = run(flags.before.resolve(), runs / "before", case)
        if flags.only_before:
            continue
        after = run(ROOT, runs / "after", case)
        same = before.read_bytes() == after.read_bytes()
        different += not same
        print(f"{case:<20} {len(before.read_text().splitlines())} ticks  {'same' if same else 'DIFFERENT'}", flush=True)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
