"""What benchmarks/claims.py compares: the arms on mixtures and on images, who meets whom, and the five claims."""

import dataclasses

# The set-up in which brc's authors report 8 of 8 modes of ring_r5: 10,000 steps of 512, tanh in G, their rates.
_AUTHORS = "--latent_dim=256 --batch_size=512 --kimg=5120 --d_lr=1e-4 --beta_1=0.9"
_TANH = "benchmarks/tanh_generator.py"
_DEVIATION = "benchmarks/batch_deviation.py"
_WIDE = "--latent_dim=512 --width=256"  # what they change for the cube
_BETTER = "--normalization=spectral --beta_1=0 --beta_2=0.9"  # the host that covers most modes

# The set-up in which R3GAN's objective is measured on the grid (arXiv 2501.05441): 20,000 steps of 256.
_TODAY = "--width=256 --beta_1=0 --beta_2=0.99 --g_lr=2e-4 --d_lr=2e-4 --batch_size=256 --kimg=5120"
_R1_R2 = "--penalty=r1,r2 --penalty_weight=1 --penalty_every=1"

# arm: the flags that make it, cheapest first. A word ending in .py in front is a script in the place of train.py.
MIXTURE_ARMS = {
    "gan": "--method=gan",
    "gan least_squares": "--method=gan --loss=least_squares",
    "gan hinge": "--method=gan --loss=hinge",
    "particle cramer beta 0": "--method=particle --energy=cramer --beta=0",
    "particle cramer l2": "--method=particle --energy=cramer --stabilizer=l2 --beta=0.1",
    "particle cramer repulsive": "--method=particle --energy=cramer --stabilizer=repulsive --beta=1",
    "particle cramer proximal": "--method=particle --energy=cramer --stabilizer=proximal --beta=1",
    "particle cramer noise": "--method=particle --energy=cramer --stabilizer=noise --beta=0.1",
    "particle mmd beta 0": "--method=particle --energy=mmd --beta=0",
    "particle mmd l2": "--method=particle --energy=mmd --stabilizer=l2 --beta=0.1",
    "particle eieg beta 0": "--method=particle --energy=eieg --beta=0",
    "particle eieg l2": "--method=particle --energy=eieg --stabilizer=l2 --beta=0.1",
    "particle momentum beta 0": "--method=particle --energy=cramer --beta=0 --features=8 --beta_1=0.5 --beta_2=0.999",
    "particle momentum l2": (
        "--method=particle --energy=cramer --stabilizer=l2 --beta=0.1 --features=8 --beta_1=0.5 --beta_2=0.999"
    ),
    "ces best": "--method=ces --selection=best",
    "ces mean": "--method=ces --selection=mean",
    "ces random": "--method=ces --selection=random",
    "ces per_sample": "--method=ces --selection=per_sample",
    "ces normalized best": "--method=ces --selection=best --normalize",
    "ces homogeneous": "--method=ces --costs=non_saturating,non_saturating,non_saturating --selection=mean",
    "ces max_norm": "--method=ces --selection=max_norm",
    "ces worst": "--method=ces --selection=worst",
    "express": "--method=express",
    "gan spectral, no momentum": "--method=gan --normalization=spectral --beta_1=0 --beta_2=0.9",
    "express from decoder": "--method=express --init_from_decoder",
    "express encoder": "--method=express --encoder_latents",
    "brc one-stage D 1e-3": "--method=brc --inner_steps=0 --d_lr=1e-3",
    "gan n_dis 10": "--method=gan --n_dis=10",
    "brc c = 0 D 1e-3": "--method=brc --clamp=0 --d_lr=1e-3",
    "brc D 1e-3": "--method=brc --d_lr=1e-3",
    "gan D 1e-4": "--method=gan --d_lr=1e-4",
    "brc c = 0 D 1e-4": "--method=brc --clamp=0 --d_lr=1e-4",
    "brc D 1e-4": "--method=brc --d_lr=1e-4",
    "ces mean spectral, no momentum": "--method=ces --selection=mean --normalization=spectral --beta_1=0 --beta_2=0.9",
    "brc c = 0 spectral, no momentum": (
        "--method=brc --clamp=0 --d_lr=1e-3 --normalization=spectral --beta_1=0 --beta_2=0.9"
    ),
    "brc spectral, no momentum": "--method=brc --d_lr=1e-3 --normalization=spectral --beta_1=0 --beta_2=0.9",
    "express spectral, no momentum": f"--method=express {_BETTER}",
    "gan width 512": "--method=gan --width=512",
    "gan width 512 spectral, no momentum": f"--method=gan --width=512 {_BETTER}",
    "express latent share 0.2": "--method=express --latent_share=0.2",
    "express latent share 0.7": "--method=express --latent_share=0.7",
    "express without data GAN": "--method=express --latent_share=0.9",
    "express latent share 0.2 spectral, no momentum": f"--method=express --latent_share=0.2 {_BETTER}",
    "ces homogeneous spectral, no momentum": (
        f"--method=ces --costs=non_saturating,non_saturating,non_saturating --selection=mean {_BETTER}"
    ),
    "gan least_squares spectral, no momentum": f"--method=gan --loss=least_squares {_BETTER}",
    "gan hinge spectral, no momentum": f"--method=gan --loss=hinge {_BETTER}",
    **{
        f"ces {rule} spectral, no momentum": f"--method=ces --selection={rule} {_BETTER}"
        for rule in ("best", "random", "max_norm")
    },
    "gan n_dis 10, authors' set-up": f"{_TANH} --method=gan --n_dis=10 {_AUTHORS}",
    "brc c = 0, authors' set-up": f"{_TANH} --method=brc --clamp=0 {_AUTHORS}",
    "brc, authors' set-up": f"{_TANH} --method=brc {_AUTHORS}",
    "gan n_dis 10 deviation, authors' set-up": f"{_DEVIATION} --method=gan --n_dis=10 {_AUTHORS}",
    "brc deviation, authors' set-up": f"{_DEVIATION} --method=brc {_AUTHORS}",
    "gan n_dis 10, authors' cube": f"{_TANH} --method=gan --n_dis=10 {_AUTHORS} {_WIDE}",
    "brc, authors' cube": f"{_TANH} --method=brc {_AUTHORS} {_WIDE}",
}

# The other losses that its authors report, in their set-up.
_LOSSES = {"lecam": "--penalty=lecam", "prox": "--penalty=prox", "wgan_gp": "--loss=wasserstein --penalty=wgan_gp"}
for _name, _flags in _LOSSES.items():
    MIXTURE_ARMS |= {
        f"gan n_dis 10 {_name}, authors' set-up": f"{_TANH} --method=gan {_flags} {_AUTHORS} --n_dis=10",
        f"brc {_name}, authors' set-up": f"{_TANH} --method=brc {_flags} {_AUTHORS} --n_dis=1",
    }

# The objective of today with and without its penalties, and every method on it.
_HOST = f"--loss=relativistic {_R1_R2} {_TODAY}"
MIXTURE_ARMS |= {
    "gan, today's set-up": f"--method=gan {_TODAY}",
    "gan relativistic, today's set-up": f"--method=gan --loss=relativistic {_TODAY}",
    "gan R1 R2, today's set-up": f"--method=gan {_R1_R2} {_TODAY}",
    "gan relativistic R1 R2": f"--method=gan {_HOST}",
    "ces relativistic R1 R2": f"--method=ces --selection=mean --costs=relativistic,relativistic {_R1_R2} {_TODAY}",
    "express relativistic R1 R2": f"--method=express {_HOST}",
    "brc relativistic R1 R2": f"--method=brc --inner_steps=3 {_HOST}",
    "particle cramer l2, today's set-up": f"--method=particle --energy=cramer --stabilizer=l2 --beta=0.1 {_TODAY}",
}

_NOISY = "--method=pconv --perturb_generator"  # D in every step

_BARE = "--method=particle --normalization=none"  # D as on mixtures

# The arms on images: DCGAN, narrow and short enough for three seeds of each on two cores.
IMAGE_ARMS = {
    "gan": "--method=gan",
    "pconv uniform 0.5": f"{_NOISY} --perturb_law=uniform --perturb=0.5",
    "pconv uniform 0.2": f"{_NOISY} --perturb_law=uniform --perturb=0.2",
    "pconv gaussian 0.3": f"{_NOISY} --perturb_law=gaussian --perturb=0.3",
    "pconv additive 0.3": f"{_NOISY} --perturb_law=additive --perturb=0.3",
    "pconv additive 0.1": f"{_NOISY} --perturb_law=additive --perturb=0.1",
    "dropout in D": f"{_NOISY} --perturb_law=bernoulli --perturb=0.3 --noperturb_first",
    "instance noise": f"benchmarks/instance_noise.py {_NOISY} --perturb_law=additive --perturb=0.3",
    "gan conditional": "--method=gan --conditional",
    "pconv uniform 0.5 conditional": f"{_NOISY} --perturb_law=uniform --perturb=0.5 --conditional",
    "particle cramer beta 0": f"{_BARE} --energy=cramer --beta=0",
    "particle cramer l2": f"{_BARE} --energy=cramer --stabilizer=l2 --beta=0.1",
    "ces best": "--method=ces --selection=best",
    "ces mean": "--method=ces --selection=mean",
    "ces worst": "--method=ces --selection=worst",
    "ces homogeneous": "--method=ces --costs=non_saturating,non_saturating,non_saturating --selection=mean",
    "express": "--method=express",
    "express from decoder": "--method=express --init_from_decoder",
    "express latent share 0.2": "--method=express --latent_share=0.2",
    "brc one-stage": "--method=brc --inner_steps=0",
    "brc inner 3": "--method=brc --inner_steps=3",
    "brc inner 3 D 1e-4": "--method=brc --inner_steps=3 --d_lr=1e-4",
    "gan no norm, no momentum": "--method=gan --normalization=none --beta_1=0 --beta_2=0.9",  # particle's host
    "particle cramer l2 spectral": (
        "--method=particle --energy=cramer --stabilizer=l2 --beta=0.1 --normalization=spectral"
    ),
}
# The gradient of its witness function held, with and without the stabilizing term.
IMAGE_ARMS |= {
    "particle cramer beta 0 wgan_gp": f"{_BARE} --energy=cramer --beta=0 --penalty=wgan_gp --penalty_weight=1",
    "particle cramer l2 R1": f"{_BARE} --energy=cramer --stabilizer=l2 --beta=0.1 --penalty=r1",
}
_WHITENED = "benchmarks/whitened_particle.py"
IMAGE_ARMS |= {
    "particle cramer whitened": f"{_WHITENED} {_BARE} --energy=cramer --stabilizer=l2 --beta=0.1",
    "particle cramer whitened spectral": (
        f"{_WHITENED} --method=particle --energy=cramer --stabilizer=l2 --beta=0.1 --normalization=spectral"
    ),
}

# Every method on a host of today, a light R3GAN.
_R3GAN = "--network=r3gan --blocks=1"
IMAGE_ARMS |= {
    "r3gan": f"--method=gan {_R3GAN}",
    "r3gan pconv": f"--method=pconv {_R3GAN}",
    "r3gan ces": f"--method=ces --selection=mean --costs=relativistic,relativistic {_R3GAN}",
    "r3gan particle": f"--method=particle {_R3GAN}",
    "r3gan express": f"--method=express {_R3GAN}",
    "r3gan brc inner 3": f"--method=brc --inner_steps=3 {_R3GAN}",
}

# The ablation of pconv: whether D is noisy too while the generator learns, three rates, two laws.
RATES, ABLATED_LAWS, D_ALONE = (0.1, 0.2, 0.5), ("uniform", "bernoulli"), "in D's steps"
PCONV_ABLATION = {
    f"pconv {law} {rate}{suffix}": f"{noisy} --perturb_law={law} --perturb={rate}"
    for law in ABLATED_LAWS
    for rate in RATES
    for suffix, noisy in (("", _NOISY), (f" {D_ALONE}", "--method=pconv"))
}
IMAGE_ARMS |= PCONV_ABLATION

# Its controls, noisy in D's steps alone as well.
IMAGE_ARMS |= {
    f"instance noise {D_ALONE}": "benchmarks/instance_noise.py --method=pconv --perturb_law=additive --perturb=0.3",
    f"dropout {D_ALONE}": "--method=pconv --perturb_law=bernoulli --perturb=0.3 --noperturb_first",
}

# (the method's arm, what it must beat)
MIXTURE_COMPARISONS = [
    ("ces best", "gan"),
    ("ces best", "gan least_squares"),
    ("ces best", "gan hinge"),
    ("ces best", "ces mean"),
    ("ces mean", "gan"),
    ("ces mean", "gan least_squares"),
    ("ces mean", "gan hinge"),
    ("ces mean", "ces homogeneous"),
    ("ces random", "ces mean"),
    ("ces per_sample", "ces mean"),
    ("ces max_norm", "ces mean"),
    ("ces worst", "ces mean"),
    ("ces worst", "ces best"),
    ("ces normalized best", "ces best"),
    ("particle cramer l2", "particle cramer beta 0"),
    ("particle cramer repulsive", "particle cramer beta 0"),
    ("particle cramer proximal", "particle cramer beta 0"),
    ("particle cramer noise", "particle cramer beta 0"),
    ("particle mmd l2", "particle mmd beta 0"),
    ("particle eieg l2", "particle eieg beta 0"),
    ("particle momentum l2", "particle momentum beta 0"),
    ("particle cramer l2", "gan"),
    ("express", "gan"),
    ("express", "gan spectral, no momentum"),
    ("express from decoder", "gan"),
    ("express from decoder", "express"),
    ("express encoder", "express"),
    ("brc D 1e-3", "gan"),
    ("brc D 1e-3", "gan n_dis 10"),
    ("brc D 1e-3", "brc c = 0 D 1e-3"),
    ("brc D 1e-3", "brc D 1e-4"),
    ("brc one-stage D 1e-3", "gan"),
    ("brc D 1e-4", "gan D 1e-4"),
    ("brc D 1e-4", "brc c = 0 D 1e-4"),
    ("brc D 1e-4", "gan"),
    ("brc D 1e-4", "gan spectral, no momentum"),
    ("gan spectral, no momentum", "gan"),
    ("particle cramer l2", "gan spectral, no momentum"),
    ("ces mean spectral, no momentum", "gan spectral, no momentum"),
    ("ces mean spectral, no momentum", "gan least_squares spectral, no momentum"),
    ("ces mean spectral, no momentum", "gan hinge spectral, no momentum"),
    ("ces mean spectral, no momentum", "ces homogeneous spectral, no momentum"),
    *(
        (f"ces {rule} spectral, no momentum", f"{rival} spectral, no momentum")
        for rule in ("best", "random", "max_norm")
        for rival in ("ces mean", "gan")
    ),
    ("express spectral, no momentum", "gan spectral, no momentum"),
    ("express spectral, no momentum", "ces mean spectral, no momentum"),
    ("express latent share 0.2 spectral, no momentum", "gan spectral, no momentum"),
    ("express", "gan width 512"),
    ("express", "express latent share 0.2"),
    ("express", "express latent share 0.7"),
    ("express", "express without data GAN"),
    ("express spectral, no momentum", "gan width 512 spectral, no momentum"),
    ("gan width 512", "gan"),
    ("gan width 512 spectral, no momentum", "gan spectral, no momentum"),
    ("brc spectral, no momentum", "gan spectral, no momentum"),
    ("brc spectral, no momentum", "brc c = 0 spectral, no momentum"),
    ("brc, authors' set-up", "gan n_dis 10, authors' set-up"),
    ("brc, authors' set-up", "brc c = 0, authors' set-up"),
    ("brc deviation, authors' set-up", "gan n_dis 10 deviation, authors' set-up"),
    ("brc deviation, authors' set-up", "brc, authors' set-up"),
    ("gan n_dis 10 deviation, authors' set-up", "gan n_dis 10, authors' set-up"),
    ("brc, authors' cube", "gan n_dis 10, authors' cube"),
    *((f"brc {name}, authors' set-up", f"gan n_dis 10 {name}, authors' set-up") for name in _LOSSES),
    ("gan relativistic R1 R2", "gan, today's set-up"),
    ("gan relativistic R1 R2", "gan relativistic, today's set-up"),
    ("gan relativistic R1 R2", "gan R1 R2, today's set-up"),
    ("gan R1 R2, today's set-up", "gan, today's set-up"),
    ("ces relativistic R1 R2", "gan relativistic R1 R2"),
    ("express relativistic R1 R2", "gan relativistic R1 R2"),
    ("brc relativistic R1 R2", "gan relativistic R1 R2"),
    ("particle cramer l2, today's set-up", "gan relativistic R1 R2"),
]
IMAGE_COMPARISONS = [
    *((arm, "gan") for arm in IMAGE_ARMS if arm != "gan" and "conditional" not in arm),
    ("pconv uniform 0.5 conditional", "gan conditional"),
    *((arm, "r3gan") for arm in IMAGE_ARMS if arm.startswith("r3gan ")),
    ("pconv uniform 0.2", "pconv uniform 0.5"),
    *(
        (arm, control)
        for arm in IMAGE_ARMS
        if arm.startswith("pconv") and "conditional" not in arm and D_ALONE not in arm
        for control in ("dropout in D", "instance noise")
    ),
    *((f"{arm} {D_ALONE}", arm) for arm in PCONV_ABLATION if D_ALONE not in arm),
    (f"pconv uniform 0.2 {D_ALONE}", "pconv uniform 0.5"),
    (f"pconv uniform 0.5 {D_ALONE}", f"pconv uniform 0.2 {D_ALONE}"),
    *((f"pconv uniform 0.5 {D_ALONE}", f"{control} {D_ALONE}") for control in ("instance noise", "dropout")),
    (f"instance noise {D_ALONE}", "instance noise"),
    ("particle cramer l2", "particle cramer beta 0"),
    ("particle cramer l2", "gan no norm, no momentum"),
    ("particle cramer l2 spectral", "particle cramer l2"),
    ("particle cramer l2 spectral", "gan no norm, no momentum"),
    ("particle cramer beta 0 wgan_gp", "particle cramer l2"),
    ("particle cramer beta 0 wgan_gp", "gan no norm, no momentum"),
    ("particle cramer l2 R1", "particle cramer l2"),
    ("particle cramer l2 R1", "gan no norm, no momentum"),
    ("particle cramer whitened", "particle cramer l2"),
    ("particle cramer whitened", "gan no norm, no momentum"),
    ("particle cramer whitened spectral", "particle cramer l2 spectral"),
    ("ces best", "ces mean"),
    ("ces mean", "ces homogeneous"),
    ("ces worst", "ces mean"),
    ("express from decoder", "express"),
    ("express", "express latent share 0.2"),
]


@dataclasses.dataclass(frozen=True)
class Measure:
    """A number of a run's last tick, and how the page shows it.

    Attributes:
        title: its name on the page.
        digits: decimals.
        more: whether more is better.
    """

    title: str
    digits: int
    more: bool


@dataclasses.dataclass(frozen=True)
class Kind:
    """What differs between mixtures and images.

    Attributes:
        arms: {arm: flags}.
        flags: what every arm is run with.
        comparisons: pairs of arms.
        measures: {key of a line: `Measure`}.
        compared: which of them the tables of comparisons show.
        seeds: how many a run without --seeds has.
    """

    arms: dict
    flags: str
    comparisons: list
    measures: dict
    compared: tuple
    seeds: int


MIXTURES = Kind(
    MIXTURE_ARMS,
    "--tick_kimg=256",
    MIXTURE_COMPARISONS,
    {"modes": Measure("modes", 1, True), "good": Measure("good samples", 2, True), "kl": Measure("KL", 2, False)},
    compared=("modes", "good"),
    seeds=10,
)
IMAGES = Kind(
    IMAGE_ARMS,
    "--width=16 --kimg=128 --tick_kimg=32 --eval_metrics=fd_fashion_10k --eval_every_kimg=1000",
    IMAGE_COMPARISONS,
    {
        "fd_fashion_10k": Measure("fd_fashion_10k", 1, False),
        "d_gap": Measure("D's gap", 2, False),
        "d_auc": Measure("D's AUC", 3, False),
    },
    compared=("fd_fashion_10k", "d_gap", "d_auc"),
    seeds=3,
)
# Data that train.py knows by more than a name: training sets so small that D can learn them by heart, and what they
# ask for beyond, or in the place of, the flags of their kind: 512 epochs, of the rates of docs/own_images.md.
SPLITS = {
    "fashion_mnist_60k": "--dataset=fashion_mnist --batch_size=32",
    "fashion_mnist_1k": "--dataset=fashion_mnist --split=train[:1000]",
    "fashion_mnist_500": (
        "--dataset=fashion_mnist --split=train[:500] --batch_size=32 --g_lr=4e-4 --d_lr=4e-4 --kimg=256 --tick_kimg=64"
    ),
}
MODES = {"ring": 8, "ring_r5": 8, "ring_r8": 8, "grid": 25, "cube": 27}


def kind(dataset):
    """Returns the `Kind` of a data set."""
    return MIXTURES if dataset in MODES else IMAGES


@dataclasses.dataclass(frozen=True)
class Claim:
    """A method's claim: what the paper promises, measured where our budget can show it.

    Attributes:
        method: its name.
        promise: what the paper says, in a few words.
        dataset: where it is measured.
        arm: the method's arm.
        measures: what of a line is compared.
        against: {baseline's or control's arm: how the table calls it}.
        main: (measure, rival), the row that the README shows; () for none.
    """

    method: str
    promise: str
    dataset: str
    arm: str
    measures: tuple
    against: dict
    main: tuple = ()


CLAIMS = [
    Claim(
        "pconv",
        "a lower Frechet distance, and a smaller memorisation gap",
        "fashion_mnist_500",
        f"pconv uniform 0.5 {D_ALONE}",
        ("fd_fashion_10k", "d_gap"),
        {
            "gan": "plain convolutions",
            "pconv uniform 0.5": "noise in G's step too",
            f"instance noise {D_ALONE}": "instance noise",
        },
        main=("fd_fashion_10k", "gan"),
    ),
    Claim(
        "pconv",
        "a lower Frechet distance where data are ample",
        "fashion_mnist_60k",
        f"pconv uniform 0.5 {D_ALONE}",
        ("fd_fashion_10k", "d_auc"),
        {
            "gan": "plain convolutions",
            "pconv uniform 0.5": "noise in G's step too",
            f"pconv uniform 0.2 {D_ALONE}": "the rate 0.2",
        },
        main=("fd_fashion_10k", "gan"),
    ),
    Claim(
        "pconv",
        "a lower Frechet distance, and a smaller memorisation gap",
        "fashion_mnist_10k",
        "pconv uniform 0.5",
        ("fd_fashion_10k", "d_gap"),
        {"gan": "plain convolutions"},
    ),
    Claim(
        "ces",
        "more modes than a GAN of any one of its costs",
        "grid",
        "ces mean",
        ("modes",),
        {
            "gan": "non_saturating alone",
            "gan least_squares": "least_squares alone",
            "gan hinge": "hinge alone",
        },
    ),
    Claim(
        "ces",
        "more modes than a GAN of any one of its costs",
        "grid",
        "ces mean spectral, no momentum",
        ("modes",),
        {
            "gan spectral, no momentum": "non_saturating alone",
            "gan least_squares spectral, no momentum": "least_squares alone",
            "gan hinge spectral, no momentum": "hinge alone",
            "ces homogeneous spectral, no momentum": "three discriminators of one cost",
        },
        main=("modes", "gan spectral, no momentum"),
    ),
    Claim(
        "ces",
        "more than discriminators that are alike",
        "fashion_mnist_10k",
        "ces mean",
        ("fd_fashion_10k",),
        {"gan": "the plain GAN", "ces homogeneous": "three discriminators of one cost"},
    ),
    Claim(
        "particle",
        "a stabilizing term that makes the distance trainable",
        "ring_r5",
        "particle cramer l2",
        ("good", "modes"),
        {"particle cramer beta 0": "the same distance without it"},
        main=("good", "particle cramer beta 0"),
    ),
    Claim(
        "particle",
        "a distance in the place of a loss, on images",
        "fashion_mnist_60k",
        "particle cramer l2 spectral",
        ("fd_fashion_10k",),
        {
            "gan": "the plain GAN",
            "gan no norm, no momentum": "the plain GAN without norm and momentum",
            "particle cramer l2": "without spectral norm in D",
        },
    ),
    Claim(
        "express",
        "fewer modes lost",
        "grid",
        "express",
        ("modes", "good"),
        {
            "gan": "its host",
            "gan width 512": "its host, as wide as the latent GAN",
            "express without data GAN": "its decoder, without the data GAN",
        },
        main=("modes", "gan width 512"),
    ),
    Claim(
        "express",
        "fewer modes lost",
        "grid",
        "express spectral, no momentum",
        ("modes", "good"),
        {"gan spectral, no momentum": "its host", "gan width 512 spectral, no momentum": "its host, 512 wide"},
    ),
    Claim(
        "brc",
        "all modes, where the host loses some",
        "ring_r5",
        "brc D 1e-4",
        ("modes",),
        {
            "gan": "its host",
            "brc c = 0 D 1e-4": "temporary steps alone",
            "gan spectral, no momentum": "its host with spectral norm and no momentum",
        },
        main=("modes", "gan"),
    ),
    Claim(
        "brc",
        "8 of 8 modes in its authors' set-up",
        "ring_r5",
        "brc, authors' set-up",
        ("modes", "good"),
        {
            "gan n_dis 10, authors' set-up": "its host, 10 updates of D a step",
            "brc c = 0, authors' set-up": "temporary steps alone",
        },
    ),
]

# One arm of each method and its baseline, what --quick runs: {data set: (arms, flags that shorten)}.
QUICK = {
    "ring_r5": (
        (
            "gan",
            "particle cramer beta 0",
            "particle cramer l2",
            "ces best",
            "ces mean",
            "express",
            "brc c = 0 D 1e-4",
            "brc D 1e-4",
        ),
        "--kimg=256",
    ),
    "fashion_mnist_10k": (("gan", "pconv uniform 0.5"), "--kimg=64"),
}
