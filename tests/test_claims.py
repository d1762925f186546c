"""The benchmark of the claims: its arithmetic, that its lines are of its arms, and that its pages are up to date."""

import dataclasses
import json
import math
import pathlib
import sys
import types

import numpy as np
import pytest

from tfgan_zoo import networks
from tfgan_zoo.cli import train
from tfgan_zoo.networks import DCGANDiscriminator, MLPDiscriminator
from tfgan_zoo.settings.resolve import resolve

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "benchmarks"))  # scripts, not a package

import batch_deviation  # noqa: E402
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


@pytest.mark.parametrize(
    "dataset, name, one, two, verdict, wins",
    [
        ("ring_r5", "modes", [8, 7, 8], [4, 4, 3], "better", 3),
        ("ring_r5", "modes", [4, 4, 3], [8, 7, 8], "worse", 0),
        ("ring_r5", "modes", [8, 2, 4], [4, 4, 4], "undecided", 1),
        ("ring_r5", "modes", [8, 5, 6], [4, 4, 4], "undecided", 3),  # won on every seed, and yet too few of them
        ("ring_r5", "kl", [0.1, 0.2, 0.1], [0.5, 0.5, 0.6], "better", 3),  # less is better
        ("fashion_mnist_10k", "fd_fashion_10k", [200, 210, 221], [100, 110, 110], "worse", 0),
        ("ring_r5", "modes", [8, 7, 8], [8, 7, 8], "undecided", 0),
        ("ring_r5", "modes", [8, 8, 8], [4, 4, 4], "undecided", 3),  # no deviation: the sign flips, and 3 seeds
        ("ring_r5", "modes", [8] * 6, [4] * 6, "better", 6),
        ("ring_r5", "modes", [8, 8.01], [2, 2], "undecided", 2),  # two seeds decide nothing
        ("ring_r5", "modes", [8], [2], "undecided", 1),
    ],
)
def test_a_verdict_says_what_the_test_decides_and_on_which_side(dataset, name, one, two, verdict, wins):
    found = claims_report.compare(lines_of(one, two, dataset, name), dataset, "one", "two", name)
    assert (found.verdict(found.difference.p), found.wins, found.seeds) == (verdict, wins, len(one))


def test_a_verdict_is_corrected_for_the_number_of_comparisons():
    found = claims_report.compare(lines_of([8, 7, 8], [4, 4, 3]), "ring_r5", "one", "two", "modes")
    few, alone = found, claims_report.compare(lines_of([8, 7], [4, 4]), "ring_r5", "one", "two", "modes")
    assert found.difference.p == pytest.approx(0.0202, abs=1e-4)
    assert claims_report.corrected([found, None, alone]) == [found.difference.p, None, None]
    three = claims_report.corrected([few] * 3)
    assert three == pytest.approx([3 * found.difference.p] * 3)
    assert [found.verdict(p) for p in three] == ["undecided"] * 3


def test_only_seeds_that_both_arms_ended_are_compared():
    found = claims_report.compare(lines_of([8, None, 8, 6], [4, 4, 3]), "ring_r5", "one", "two", "modes")
    assert (found.seeds, found.one.tolist(), found.two.tolist()) == (2, [8, 8], [4, 3])
    assert claims_report.compare(lines_of([None], [4]), "ring_r5", "one", "two", "modes") is None


def test_a_number_that_older_lines_lack_is_compared_where_it_is():
    done = lines_of([8, 7, 8], [4, 4, 3])
    del done["ring_r5", "two", 1]["modes"]
    assert claims_report.compare(done, "ring_r5", "one", "two", "modes").seeds == 2


def test_the_time_is_told_where_the_processor_was_timed_for_both():
    lines = [{"cpu_seconds": 3.0}, {"seconds": 90.0}, {"cpu_seconds": 5.0}]
    assert claims_report._cpu_seconds(lines) == 4.0
    assert claims_report._cpu_seconds(lines[1:2]) is None


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


def test_the_discriminator_of_brcs_authors_may_see_how_much_the_batch_differs():
    network = batch_deviation.with_deviation(networks.build)("mlp", "discriminator", shape=(2,), width=4)
    points = np.random.default_rng(0).normal(size=(6, 2)).astype("float32")
    features = network.features(points).numpy()
    assert features.shape == (6, 5) and network.head.kernel.shape == (5, 1)
    np.testing.assert_allclose(features[:, 4], features[:, :4].std(axis=0, ddof=1).mean(), rtol=1e-5)


def test_instance_noise_leaves_the_first_perturbation_alone():
    network = DCGANDiscriminator(width=4, perturb=0.3, perturb_law="additive")
    model = types.SimpleNamespace(discriminator=network)
    assert instance_noise.with_first_alone(lambda config, halved_at=None: model)("a run's", 3) is model
    rates = {layer.name: layer.perturb for layer in network.trunk.layers if hasattr(layer, "perturb")}
    assert rates == {"conv1": 0.3, "conv2": 0.0, "conv3": 0.0}


def test_a_claim_is_a_row_for_each_measure_and_rival(monkeypatch):
    claim = Claim("ces", "more modes", "ring_r5", "one", ("modes", "good"), {"two": "its host", "three": "a control"})
    monkeypatch.setattr(claims_report, "CLAIMS", [claim])
    done = lines_of([8, 8, 7], [4, 5, 5])
    for (_, arm, _), line in done.items():
        line["good"] = 0.5 if arm == "one" else 0.75
    rows = claims_report.claims_table(done)
    assert rows[2:] == [
        "| `ces`: more modes | `one` on ring_r5 | modes 7.7 ± 0.6 | its host: 4.7 | +3.0 [+0.5, +5.5] "
        "| 3 of 3 seeds | 0.070 | 0.25 | **undecided** |",
        "|  |  | modes | a control | - | - | - | - | not yet run |",
        "|  |  | good samples 0.50 ± 0.00 | its host: 0.75 | -0.25 on every seed "
        "| 0 of 3 seeds | 0.25 | 0.25 | **undecided** |",
        "|  |  | good samples | a control | - | - | - | - | not yet run |",
    ]
    main = [dataclasses.replace(claim, main=("modes", "two"))]
    monkeypatch.setattr(claims_report, "CLAIMS", main)
    alone = rows[2].replace("0.070 |", "0.035 |").replace("undecided", "better")
    assert claims_report.claims_table(done, main=True) == [*rows[:2], alone]  # the family of one


def test_the_readme_has_one_or_two_rows_of_every_method():
    shown = [claim.method for claim in CLAIMS if claim.main]
    assert len(shown) == 6 and set(shown) == {claim.method for claim in CLAIMS}
    for claim in CLAIMS:
        assert not claim.main or (claim.main[0] in claim.measures and claim.main[1] in claim.against)
