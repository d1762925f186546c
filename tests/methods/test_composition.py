"""Methods, losses, penalties, networks, noise and labels go together: three steps, every weight moved, exact resume.

The default run takes a covering array: every *pair* of choices that may go together occurs in some case. The full
product is marked slow. Steps run eagerly, which is what makes so many cases quick.
"""

import itertools

import numpy as np
import pytest

from tfgan_zoo import data, registry
from tfgan_zoo.training.build import build_model
from tfgan_zoo.training.checkpoints import Checkpoints
from tfgan_zoo.training.config import labelled, resolve

SMALL = {"width": 4, "latent_dim": 8, "batch_size": 4, "kimg": 0.012, "g_lr": 1e-3, "d_lr": 1e-3}
FACTORS = {
    "method": tuple(registry.METHODS),
    "loss": tuple(registry.LOSSES),
    "penalty": tuple(registry.PENALTIES),
    "host": ("mlp", "dcgan batch", "dcgan spectral", "dcgan none", "sngan spectral"),
    "perturb": (0.0, 0.5),
    "augment": ((), ("ada",)),
    "express_host": ("gan", "pconv", "ces", "particle", "brc"),
    "conditional": (False, True),
}


def settings(case):
    """The flags of a case: what a method does not have is left out."""
    case = dict(case)
    network, _, normalization = case.pop("host").partition(" ")
    flags = {"network": network, **SMALL}
    flags |= {"dataset": "ring"} if network == "mlp" else {"normalization": normalization}
    host = case.pop("express_host")
    method = case["method"]
    if method == "express":
        flags["host"] = host
    if method == "brc":
        flags["inner_steps"] = 1
    if method in ("ces", "particle") or (method == "express" and host in ("ces", "particle")):
        del case["loss"]  # the costs, or the energy, replace it
    return flags | case


def allowed(case):
    try:
        resolve(**settings(case))
    except ValueError:
        return False
    return True


def identifier(case):
    return "-".join(str(value).replace(" ", "_") for value in case.values())


def product():
    """Every case that the command line takes, those that come to the same thing only once."""
    seen = {}
    for values in itertools.product(*FACTORS.values()):
        case = dict(zip(FACTORS, values, strict=True))
        if allowed(case):
            seen.setdefault(str(sorted(settings(case).items(), key=str)), case)
    return list(seen.values())


def pairs(case):
    return set(itertools.combinations(case.items(), 2))


def covering(cases):
    """Greedily picks cases until every pair of choices that occurs in any of them is covered."""
    covered = [pairs(case) for case in cases]
    left, chosen = set().union(*covered), []
    while left:
        best = max(range(len(cases)), key=lambda i: len(covered[i] & left))
        chosen.append(cases[best])
        left -= covered[best]
    return chosen


ALL = product()
PAIRS = covering(ALL)
REST = [case for case in ALL if case not in PAIRS and not case["augment"]]  # augmentation goes with each, in pairs


def make(case, folder):
    config = resolve(**settings(case))
    config = labelled(config, data.load(config.dataset))
    model = build_model(config)
    model.run_eagerly = True
    return config, model, Checkpoints(model, folder)


def fit(config, model, first_step, steps):
    batches = data.load(config.dataset).train(config.batch_size, model.reals_per_step, config.seed, first_step)
    return model.fit(batches, steps_per_epoch=steps, verbose=0).history


def check(case, tmp_path):
    config, model, checkpoints = make(case, tmp_path / "straight")
    before = [weight.numpy().copy() for weight in model.trainable_weights]
    resumed_config, resumed, copies = make(case, tmp_path / "straight")
    for step in range(3):
        history = fit(config, model, step, 1)
        assert all(np.isfinite(values).all() for values in history.values()), (step, history)
        if step == 1:
            checkpoints.save()
    still = [w.path for old, w in zip(before, model.trainable_weights, strict=True) if np.array_equal(old, w)]
    # A loss that does not change when a number is added to all logits leaves D's last bias alone.
    assert all(path.endswith("head/bias") for path in still), still
    copies = Checkpoints(resumed, tmp_path / "straight")
    assert copies.restore() == 2
    fit(resumed_config, resumed, 2, 1)
    different = [
        one.path
        for one, two in zip(model.weights, resumed.weights, strict=True)
        if one.numpy().tobytes() != two.numpy().tobytes()
    ]
    assert not different


@pytest.mark.parametrize("case", PAIRS, ids=identifier)
def test_every_pair_of_choices_trains_and_resumes(case, tmp_path):
    check(case, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("case", REST, ids=identifier)
def test_every_combination_trains_and_resumes(case, tmp_path):
    check(case, tmp_path)


def test_every_choice_occurs():
    for name, values in FACTORS.items():
        assert {case[name] for case in PAIRS} == set(values), name
