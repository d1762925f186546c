"""Methods, losses, penalties, networks, noise and labels go together: some steps, every weight moved, exact resume.

The thorough tests take a covering array: every *pair* of choices that may go together occurs in some case, and every
option of a method. The full product is marked slow, the quick run takes some. Steps run eagerly, which is what makes
so many cases quick.
"""

import itertools

import numpy as np
import pytest

from tests.tiers import thorough_but
from tfgan_zoo import data, registry
from tfgan_zoo.settings.config import labelled
from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training.build import build_model
from tfgan_zoo.training.checkpoints import Checkpoints

SMALL = {"width": 4, "latent_dim": 8, "batch_size": 4, "kimg": 0.012, "g_lr": 1e-3, "d_lr": 1e-3}
FACTORS = {
    "method": tuple(registry.METHODS),
    "loss": tuple(registry.LOSSES),
    "penalty": ("none", *(name for name in registry.PENALTIES if name != "path_length")),  # that: see MODERN
    "host": ("mlp", "dcgan batch", "dcgan spectral", "dcgan none", "sngan spectral"),
    "perturb": (0.0, 0.5),
    "augment": ((), ("ada",)),
    "express_host": ("gan", "pconv", "ces", "particle", "brc"),
    "conditional": (False, True),
}

# Every method's own options, at values other than their defaults, on different networks.
OPTIONS = [
    {"method": "ces", "costs": ("wasserstein", "hinge"), "penalty": "wgan_gp", "normalization": "spectral"},
    {"method": "ces", "costs": ("wasserstein", "hinge"), "penalty": "wgan_gp", "shared_trunk": True},
    {"method": "ces", "shared_trunk": True, "penalty": "r1", "selection": "per_sample", "perturb": 0.5},
    {"method": "ces", "selection": "max_norm", "normalize": True, "normalization": "spectral", "conditional": True},
    {"method": "ces", "selection": "best", "costs": ("hinge", "hinge"), "network": "sngan", "n_dis": 1},
    {
        "method": "ces",
        "selection": "worst",
        "costs": ("relativistic", "hinge"),
        "penalty": ("r1", "r2"),
        "penalty_every": 1,
    },
    {"method": "brc", "inner_steps": 1, "loss": "relativistic", "penalty": ("r1", "r2"), "penalty_every": 1},
    {"method": "particle", "energy": "mmd", "stabilizer": "proximal", "normalization": "batch", "perturb": 0.5},
    {"method": "particle", "energy": "eieg", "stabilizer": "repulsive", "normalization": "spectral"},
    {"method": "particle", "energy": "mmd_rq", "stabilizer": "noise", "conditional": True, "features": 4},
    {"method": "particle", "beta": 0.0, "network": "mlp", "dataset": "ring"},
    {"method": "brc", "inner_steps": 0, "loss": "least_squares", "normalization": "batch"},
    {"method": "brc", "inner_steps": 2, "clamp": float("inf"), "damping": 1.0, "perturb": 0.5},
    {"method": "brc", "clamp": 0.0, "loss": "wasserstein", "conditional": True},
    {"method": "express", "host": "brc", "encoder_latents": True, "inner_steps": 1, "normalization": "batch"},
    {"method": "express", "host": "ces", "init_from_decoder": True, "shared_trunk": True, "conditional": True},
    {"method": "express", "host": "particle", "init_from_decoder": True, "latent_share": 0.2, "stabilizer": "proximal"},
    {
        "method": "express",
        "host": "gan",
        "encoder_latents": True,
        "init_from_decoder": True,
        "network": "sngan",
        "n_dis": 1,
    },
]

# Every method on the networks of today, with the losses and penalties that they imply.
MODERN = [
    {**network, **rest}
    for network in ({"network": "r3gan", "blocks": 1}, {"network": "stylegan2"})
    for rest in (
        {"method": "pconv", "conditional": True},
        {"method": "ces", "costs": ("relativistic", "non_saturating")},
        {"method": "particle"},
        {"method": "brc", "inner_steps": 1},
        {"method": "express", "host": "gan"},
    )
]

# What must go together, whatever `resolve` says: a refusal too many would leave the array unseen.
MUST = [
    *({"method": "brc", "loss": loss} for loss in registry.LOSSES),
    *(
        {"method": "brc", "penalty": penalty}
        for penalty in registry.PENALTIES
        if penalty not in ("wgan_gp", "path_length")
    ),
    *({"method": "express", "host": host} for host in ("gan", "pconv", "ces", "particle", "brc")),
    *({"method": "gan", "loss": loss, "penalty": penalty} for loss in registry.LOSSES for penalty in ("r1", "lecam")),
    *({"method": "ces", "network": "dcgan", "normalization": name} for name in ("batch", "spectral", "none")),
    {"method": "ces", "network": "sngan"},
    *(
        {"method": method, "network": "stylegan2", "penalty": ("r1", "path_length")}  # which 64 px imply
        for method in registry.METHODS
    ),
    *({"method": method, "perturb": 0.5} for method in registry.METHODS),
    *({"method": method, "conditional": True} for method in registry.METHODS),
    *({"method": method, "augment": ("ada", "color")} for method in registry.METHODS),
    *(
        {"method": method, "network": network}
        for method in registry.METHODS
        for network in registry.NETWORKS
        if network != "mlp"
    ),
    *({"method": method, "dataset": "ring", "network": "mlp"} for method in registry.METHODS if method != "pconv"),
]


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
    elif case["loss"] == "wasserstein" or case["penalty"] == "prox":
        flags["n_dis"] = 2  # of 5: two discriminator steps show what five do
    elif network == "sngan":
        flags["n_dis"] = 1
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
        without_host = case["method"] != "express" and case["express_host"] != FACTORS["express_host"][0]
        if not without_host and allowed(case):  # the host of a method that has none: looked at once
            seen.setdefault(str(sorted(settings(case).items(), key=str)), case)
    return list(seen.values())


def pairs(case):
    """The pairs of a case's choices that must occur.

    The latent GAN of express is the method that hosts it: what that does with a loss, a penalty or a network, it does
    as a method of its own too, so of express only the rest counts.
    """
    express = case["method"] == "express"
    choices = [(name, value) for name, value in case.items() if express or name != "express_host"]
    as_a_method = {"loss", "penalty", "host"}
    return {
        (one, two)
        for one, two in itertools.combinations(choices, 2)
        if not ("express_host" in (one[0], two[0]) and as_a_method & {one[0], two[0]})
    }


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
REST = [case for case in ALL if case not in PAIRS]


def make(flags, folder):
    config = resolve(**flags)
    config = labelled(config, data.load(config.dataset))
    model = build_model(config)
    model.run_eagerly = True
    return config, model, Checkpoints(model, folder)


def check(flags, tmp_path):
    """Trains some steps; then goes back to the last but one, and does the last again with the same bits.

    That a fresh process goes on alike is the contract's (`tests/contract.py`), for every method.
    """
    config, model, checkpoints = make(flags, tmp_path)
    batches = data.load(config.dataset).train(config.batch_size, model.batches_per_step, config.seed)
    last = 2 if flags["method"] == "express" else 1  # its phases take a step each
    before = [weight.numpy().copy() for weight in model.trainable_weights]
    for step in range(last + 1):
        if step == last:
            checkpoints.save()
        history = fit(model, batches, step)
        assert all(np.isfinite(values).all() for values in history.values()), (step, history)
    still = [w.path for old, w in zip(before, model.trainable_weights, strict=True) if np.array_equal(old, w)]
    # A loss that does not change when a number is added to all logits leaves D's last bias alone; and what r3gan has
    # below a kernel that begins at 0 moves one step later than that.
    late = ("_reach/kernel", "_reach/bias", "_mix/kernel", "_mix/bias") if flags["network"] == "r3gan" else ()
    assert all(path.endswith(("head/bias", *late)) for path in still), still
    straight = [weight.numpy().tobytes() for weight in model.weights]
    assert checkpoints.restore() == last
    assert any(weight.numpy().tobytes() != bits for weight, bits in zip(model.weights, straight, strict=True))
    fit(model, batches, last)
    different = [w.path for w, bits in zip(model.weights, straight, strict=True) if w.numpy().tobytes() != bits]
    assert not different


def fit(model, batches, step):
    """Does one step, on the batches that are its own."""
    return model.fit(batches.skip(step * model.batches_per_step), steps_per_epoch=1, verbose=0).history


@pytest.mark.parametrize("case", thorough_but(MODERN[3], of=[MODERN[0], MODERN[3], MODERN[8]]), ids=identifier)
def test_methods_train_and_resume_on_a_modern_host(case, tmp_path):
    check({**SMALL, **case}, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("case", MODERN, ids=identifier)
def test_every_method_trains_and_resumes_on_a_modern_host(case, tmp_path):
    check({**SMALL, **case}, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("case", PAIRS, ids=identifier)
def test_every_pair_of_choices_trains_and_resumes(case, tmp_path):
    check(settings(case), tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("flags", OPTIONS, ids=identifier)
def test_every_option_trains_and_resumes(flags, tmp_path):
    check({"network": "dcgan", **SMALL, **flags}, tmp_path)


@pytest.mark.parametrize("flags", MUST, ids=identifier)
def test_what_must_go_together_is_allowed(flags):
    resolve(**{"network": "dcgan", **SMALL, **flags})


@pytest.mark.slow
@pytest.mark.parametrize("case", REST, ids=identifier)
def test_every_combination_trains_and_resumes(case, tmp_path):
    check(settings(case), tmp_path)


def test_every_choice_occurs():
    for name, values in FACTORS.items():
        assert {case[name] for case in PAIRS} == set(values), name
    for method, entry in registry.METHODS.items():
        of_method = [flags for flags in OPTIONS if method in (flags["method"], flags.get("host"))]
        for name, option in entry.options.items():
            tried = {option.default, *(flags[name] for flags in of_method if name in flags)}
            assert len(tried) > 1, name
