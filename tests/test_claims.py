"""The benchmark of the claims: its arithmetic, that its lines are of its arms, and that its pages are up to date."""

import json
import math
import pathlib
import sys

import numpy as np
import pytest

from tfgan_zoo import networks
from tfgan_zoo.cli import train
from tfgan_zoo.networks import DCGANDiscriminator, MLPDiscriminator
from tfgan_zoo.training.config import resolve

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "benchmarks"))  # scripts, not a package

import claims  # noqa: E402
import claims_report  # noqa: E402
import instance_noise  # noqa: E402
import tanh_generator  # noqa: E402
from claims_arms import CLAIMS, IMAGES, MIXTURES, MODES, QUICK, SPLITS, Claim, kind  # noqa: E402

ARMS = [("ring_r5", arm) for arm in MIXTURES.arms] + [("fashion_mnist_10k", arm) for arm in IMAGES.arms]


def lines_of(one, two, dataset="ring_r5", name="modes"):
    """Returns lines of two arms "one" and "two", the values given by seed; a None diverged."""
    values = {("one", seed): value for seed, value in enumerate(one)} | {("two", s): v for s, v in enumerate(two)}
    return {
        (dataset, arm, seed): {"dataset": dataset, "exit": 1 if value is None else 0} | {name: value}
        for (arm, seed), value in values.items()
    }


def test_the_interval_is_that_of_the_paired_differences():
    rng = np.random.default_rng(1)
    shared = rng.normal(0, 100, 40)  # what a seed brings, which pairing takes out
    one, two = shared + rng.normal(1, 0.5, 40), shared
    mean, low, high = claims_report.paired(one, two)
    assert mean == pytest.approx((one - two).mean())
    half = 1.96 * (one - two).std() / math.sqrt(40)
    assert (low, high) == (pytest.approx(mean - half, abs=0.03), pytest.approx(mean + half, abs=0.03))


@pytest.mark.parametrize(
    "dataset, name, one, two, verdict, wins",
    [
        ("ring_r5", "modes", [8, 7, 8], [4, 4, 3], "better", 3),
        ("ring_r5", "modes", [4, 4, 3], [8, 7, 8], "worse", 0),
        ("ring_r5", "modes", [8, 2, 4], [4, 4, 4], "undecided", 1),
        ("ring_r5", "kl", [0.1, 0.2, 0.1], [0.5, 0.5, 0.6], "better", 3),  # less is better
        ("fashion_mnist_10k", "fd_fashion_10k", [200, 210, 220], [100, 110, 110], "worse", 0),
        ("ring_r5", "modes", [8, 7, 8], [8, 7, 8], "undecided", 0),
        ("ring_r5", "modes", [8, 8], [2, 3], "undecided", 2),  # two seeds decide nothing
    ],
)
def test_a_verdict_says_whether_the_interval_excludes_0_and_on_which_side(dataset, name, one, two, verdict, wins):
    found = claims_report.compare(lines_of(one, two, dataset, name), dataset, "one", "two", name)
    assert (found["verdict"], found["wins"], found["seeds"]) == (verdict, wins, len(one))


def test_only_seeds_that_both_arms_ended_are_compared():
    found = claims_report.compare(lines_of([8, None, 8, 6], [4, 4, 3]), "ring_r5", "one", "two", "modes")
    assert (found["seeds"], found["one"], found["two"]) == (2, 8, 3.5)
    assert claims_report.compare(lines_of([None], [4]), "ring_r5", "one", "two", "modes") is None


def test_a_run_without_a_good_sample_has_the_kl_of_one_mode():
    line = {"dataset": "grid", "kl": None}
    assert claims_report._value(line, "kl") == math.log(25)


@pytest.mark.parametrize("dataset, arm", ARMS)
def test_every_arms_flags_are_train_pys(dataset, arm, capsys):
    _, flags = claims.command_of(dataset, arm, seed=0)
    assert train.main([*flags[:-1], "--dry_run"]) == 0, capsys.readouterr().err


def test_comparisons_and_claims_name_arms_that_there_are():
    for it in (MIXTURES, IMAGES):
        assert {arm for pair in it.comparisons for arm in pair} <= it.arms.keys()
    for claim in CLAIMS:
        assert {claim.arm, *claim.against} <= kind(claim.dataset).arms.keys()
        assert set(claim.measures) <= kind(claim.dataset).measures.keys()
    assert all(set(arms) <= kind(dataset).arms.keys() for dataset, (arms, _) in QUICK.items())
    assert {name for name, *_ in claims.finished()} <= {*MODES, *SPLITS, "fashion_mnist_10k"}


def test_every_line_was_made_by_the_flags_that_its_arm_has_now():
    def without_ticks(flags):
        return [flag for flag in flags if not flag.startswith("--tick_kimg")]  # they change no weight

    for (dataset, arm, seed), line in claims.finished().items():
        script, flags = claims.command_of(dataset, arm, seed)
        flags = flags if script == "train.py" else [script, *flags]
        assert without_ticks(line["flags"].split()) == without_ticks(flags), (dataset, arm, seed)


@pytest.mark.parametrize("arm", ["brc c = 0 D 1e-4", "ces homogeneous", "express"])
def test_a_finished_run_is_taken_for_its_arm_and_for_no_other(arm):
    values, given = train.COMMAND.parse(claims.command_of("grid", arm, seed=3)[1])
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items() if name in given}
    settled = {"strategy": "none", "replicas": 1, "precision": "float32", "jit": "off"}
    config = json.loads(resolve(**values | {"tick_kimg": 32}).to_json()) | settled

    def taken_for(config):
        return [other for other in MIXTURES.arms if claims._repeats(config, *claims.command_of("grid", other, 3))]

    assert taken_for(config) == [arm]
    assert taken_for(config | {"batch_size": 128}) == taken_for(config | {"threads": 2}) == []


def test_the_pages_are_what_the_lines_say():
    stale = [path.name for path, text in claims_report.pages(claims.finished()).items() if path.read_text() != text]
    assert not stale, "run: python benchmarks/claims.py report"


def test_the_generator_of_brcs_authors_has_tanh_and_the_discriminator_is_the_zoos():
    build = tanh_generator.with_tanh(networks.build)
    assert build("mlp", "generator", shape=(2,), latent_dim=4).activation == "tanh"
    assert build("mlp", "discriminator", shape=(2,)).activation == MLPDiscriminator(shape=(2,)).activation


def test_instance_noise_leaves_the_first_perturbation_alone():
    network = DCGANDiscriminator(width=4, perturb=0.3, perturb_law="additive")
    instance_noise.keep_first(network)
    rates = {layer.name: layer.perturb for layer in network.trunk.layers if hasattr(layer, "perturb")}
    assert rates == {"conv1": 0.3, "conv2": 0.0, "conv3": 0.0}


def test_a_claim_is_a_row_for_each_measure_and_rival(monkeypatch):
    claim = Claim("ces", "more modes", "ring_r5", "one", ("modes", "good"), {"two": "its host", "three": "a control"})
    monkeypatch.setattr(claims_report, "CLAIMS", [claim])
    done = lines_of([8, 8, 7], [4, 5, 5])
    for (_, arm, _), line in done.items():
        line["good"] = 0.5 if arm == "one" else 0.75
    rows = claims_report.claims_table(done)[2:]
    assert rows == [
        "| `ces`: more modes | `one` on ring_r5 | modes 7.7 ± 0.6 | its host: 4.7 | +3.0 [+2.0, +4.0] "
        "| 3 of 3 seeds, few | **better** |",
        "|  |  |  | a control | - | - | not yet run |",
        "|  |  | good samples 0.50 ± 0.00 | its host: 0.75 | -0.25 [-0.25, -0.25] | 0 of 3 seeds, few | **worse** |",
        "|  |  |  | a control | - | - | not yet run |",
    ]
