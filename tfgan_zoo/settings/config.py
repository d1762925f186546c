"""One run's configuration: every choice, resolved once and written to the run directory."""

import dataclasses
import functools
import hashlib
import json
from typing import Any

from tfgan_zoo import image_sizes, noise, registry
from tfgan_zoo.data import catalogue
from tfgan_zoo.files import read_json
from tfgan_zoo.settings import fields, ticks
from tfgan_zoo.settings.fields import row

MAX_SEED = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Config:
    """All that is needed to repeat a run. `resolve.resolve` makes one; config.json in a run directory is one.

    Lengths are in thousands of images (kimg), counted as steps x batch_size; rates are per step.
    `options` are the method's own (`registry.METHODS[method].options`). `strategy`, `replicas`, `precision`, `jit` and
    `threads` may begin as "auto" and are settled by `devices.resolve`; a resumed run keeps what was written.
    A folder or zip file is written down with its absolute path, and its contents as `data_key`; of a conditional run
    `num_classes` and `class_names` are those of the data (`labelled`); a run from before classes had names has numbers
    only, in the order of the alphabet. `network_key` tells the architecture of networks that a function makes.
    """

    method: str = row("the method", "common", "pconv", lambda: registry.METHODS)
    dataset: str = row("a name (--list), or a folder or .zip of pictures", "common", "fashion_mnist_10k")
    data_key: str | None = row("", "data", None, settled=True)
    data_dir: str | None = row(
        "where TensorFlow Datasets keeps prepared data (default: its own choice)", "data", None, settled=True
    )
    split: str | None = row(
        "what trains of a TFDS set, in its syntax, such as train[:50%] (default train)", "data", None
    )
    bad_images: str = row(
        "files that cannot be used: error stops, skip leaves them out", "data", "error", catalogue.BAD_IMAGES
    )
    no_icc: bool = row(
        "leave the colours of pictures as they are, whatever their colour profiles (ICC)",
        "data",
        False,
        later=True,
        quiet=True,
    )
    background: str = row(
        "what is seen through transparent pictures and beside padded ones: white, black or R,G,B",
        "data",
        "white",
        later=True,
        quiet=True,
    )
    resize: str = row(
        "pictures with other proportions than the image size: crop takes the middle, pad puts the background on both"
        " sides, stretch changes their proportions",
        "data",
        "crop",
        catalogue.RESIZE,
        later=True,
        quiet=True,
    )
    min_size: str = row(
        "pictures smaller than the image size: error (as other files that cannot be used), skip leaves them out,"
        " enlarge scales them up",
        "data",
        "error",
        catalogue.MIN_SIZE,
        later=True,
        quiet=True,
    )
    mirror: bool = row("train on every picture and its mirror image", "data", False, later=True, quiet=True)
    image_size: image_sizes.ImageSize | None = row(
        "pixels a side of the images, or height x width, such as 192x128 (default: follows the images)",
        "common",
        None,
        low=1,
        high=1024,
    )
    channels: int | None = row(
        "1 for grey, 3 for RGB, of a folder also 4 for RGBA (default: grey or RGB, as the images are)",
        "data",
        None,
        low=1,
        high=4,
    )
    conditional: bool = row("train on the labels too: a generator that is told the class", "common", False, later=True)
    num_classes: int | None = row("", "data", None, low=1, high=65536, later=True, settled=True)
    class_names: tuple[str, ...] = row("", "data", (), later=True, settled=True)
    network: str = row(
        "the architecture: a name (--list), or module:function of your own",
        "common",
        "dcgan",
        lambda: registry.NETWORKS,
    )
    network_key: str | None = row("", "networks", None, later=True, settled=True)
    width: int | None = row("the networks' base number of channels", "networks", None, low=1, high=4096)
    latent_dim: int = row("dimension of the latents z", "networks", low=1, high=65536)
    normalization: str | None = row("the discriminator's", "networks", None, ("batch", "spectral", "none"))
    blocks: int | None = row(
        "network=r3gan: residual blocks of a resolution (default 2)",
        "networks",
        None,
        low=1,
        high=64,
        of="network",
        later=True,
    )
    attention: int | None = row(
        "network=sngan: self-attention between the positions of the feature maps of so many pixels a side, such as 32",
        "networks",
        None,
        low=1,
        high=1024,
        of="network",
        later=True,
    )
    mapping_layers: int | None = row(
        "network=stylegan2: dense layers from z to w (default 2; 8 in the paper)",
        "networks",
        None,
        low=1,
        high=64,
        of="network",
        later=True,
    )
    mixing: float | None = row(
        "network=stylegan2: the share of fakes with two styles (default 0.9, and 0 at 32 px)",
        "networks",
        None,
        low=0,
        high=1,
        of="network",
        later=True,
    )
    loss: str | None = row("the loss", "common", choices=lambda: registry.LOSSES)
    penalty: tuple[str, ...] = row(
        "penalties, with commas between them, or none", "objective", (), lambda: registry.PENALTIES
    )
    penalty_weight: tuple[float, ...] = row(
        "their weights: one for all, or one each", "objective", (), low=0, of="penalty"
    )
    penalty_every: tuple[int, ...] = row(
        "act on every so many steps, that much stronger; 1 is every step: one for all, or one each",
        "objective",
        (),
        low=0,
        high=1_000_000,
        of="penalty",
        later=True,
    )
    batch_size: int = row("images in a batch, over all devices", "common", 64, low=1, high=65536)
    micro_batch: int | None = row(
        "rows of a device's batch that go through a network at once: a large batch in little memory (default: all)",
        "objective",
        None,
        low=1,
        high=65536,
        later=True,
        quiet=True,
    )
    n_dis: int = row(
        "discriminator steps in a step (default 1; sngan, wasserstein, prox: 5)", "objective", 1, low=1, high=1000
    )
    g_lr: float = row("Adam's learning rate for the generator", "objective", low=0, above=True, high=1)
    d_lr: float = row("Adam's learning rate for the discriminator", "objective", low=0, above=True, high=1)
    beta_1: float = row("Adam's decay of the first moment", "objective", low=0, high=0.999999)
    beta_2: float = row("Adam's decay of the second moment", "objective", low=0, high=0.999999)
    freeze_d: int = row(
        "fine-tuning: so many layers of the discriminator, those next to the image, do not learn (FreezeD)",
        "objective",
        0,
        low=0,
        high=1000,
        later=True,
        quiet=True,
    )
    lr_decay: str = row(
        "linear: the rates go to 0 over the run (default none; sngan linear)", "objective", "none", ("none", "linear")
    )
    schedule: tuple[str, ...] = row(
        "numbers that change over the run, with commas between them: g_lr=2e-4->5e-5 (cosine), ...:linear, or"
        " g_lr=2e-4->5e-5@9000 (from step 9000 on); or none",
        "objective",
        (),
        later=True,
    )
    ema_kimg: float = row(
        "half-life of the generator's average in kimg; 0 switches it off (default 10; r3gan: from 0 up)",
        "objective",
        10.0,
        low=0,
    )
    augment: tuple[str, ...] = row(
        "what reals and fakes go through: ada, or DiffAugment's color,translation,cutout",
        "augmentation",
        (),
        registry.AUGMENTATIONS,
    )
    ada_target: float | None = row(
        "augment=ada: the share of reals known as such, less the rest, to hold (default 0.6)",
        "augmentation",
        None,
        low=-1,
        high=1,
        of="augment",
        later=True,
    )
    ada_kimg: float | None = row(
        "augment=ada: kimg in which its probability would go from 0 to 1 (default 500)",
        "augmentation",
        None,
        low=0,
        above=True,
        high=1e9,
        of="augment",
        later=True,
    )
    perturb: float = row(
        "rate of the perturbed convolutions in D, with any method; 0 is none (pconv 0.5)", "augmentation", 0.0, low=0
    )
    perturb_law: str = row("their noise", "augmentation", "uniform", noise.DISTRIBUTIONS)
    perturb_first: bool = row("perturb what D's first convolution sees too", "augmentation", True)
    perturb_generator: bool = row("perturb D while the generator learns too", "augmentation", False, later=True)
    options: dict = row("", "objective")
    kimg: float = row(
        "length of the run in thousands of images: steps x batch_size / 1000",
        "common",
        1024.0,
        low=0,
        above=True,
        high=1e9,
    )
    budget: str | None = row(
        "the time that the run may take, such as 30m or 2h: size, width, batch, augmentation, ticks and length follow",
        "common",
        None,
        later=True,
        settled=True,
    )
    auto: bool = row(
        "size, width, batch, augmentation and length follow the pictures and this machine, without a time to name",
        "common",
        False,
        later=True,
        settled=True,
    )
    images_per_second: float | None = row("", "records", None, low=0, above=True, later=True, settled=True)
    tick_kimg: float = row(
        "a sample grid, a line of metrics and a checkpoint every so many kimg",
        "records",
        16.0,
        low=0,
        above=True,
        high=1e9,
    )
    first_tick_kimg: float | None = row("", "records", None, low=0, high=1e9, later=True, settled=True)
    keep_checkpoints: str = row(
        "how many checkpoints stay in the run's folder: a number, or all", "records", "3", later=True, settled=True
    )
    events: str = row(
        "whether TensorBoard gets the numbers, the sheets and the settings",
        "records",
        "on",
        ("on", "off"),
        later=True,
        settled=True,
    )
    eval_metrics: tuple[str, ...] = row(
        "metrics to follow while training, see evaluate.py --list; the first picks the best", "records", ()
    )
    eval_every_kimg: float | None = row(
        "how often, at the end of a tick (default: every tick)", "records", None, low=0, above=True, high=1e9
    )
    inception: str | None = row("TF-GAN's Inception for them: a URL, or the folder of a local copy", "records", None)
    on_nan: str = row(
        "where a loss is no number: stop, or rollback, to the last tick and on with half the rates",
        "common",
        "stop",
        ("stop", "rollback"),
        later=True,
        settled=True,
    )
    seed: int = row("the seed of everything random", "common", 0, low=0, high=MAX_SEED)
    strategy: str = row(
        "the devices: one (none), all of this machine (mirrored), those of several processes (multiworker)",
        "machine",
        "auto",
        ("auto", "none", "mirrored", "multiworker"),
    )
    devices: int | None = row(
        "how many of this machine's devices to train on, of a CPU logical ones (default: all GPUs, one CPU)",
        "machine",
        None,
        low=1,
        high=1024,
        later=True,
        settled=True,
    )
    replicas: int | None = row("", "machine", None, settled=True)
    precision: str | None = row(
        "of the arithmetic (default float32); auto measures a few steps of both, and takes the faster",
        "machine",
        None,
        ("auto", "float32", "mixed_bfloat16", "mixed_float16"),
    )
    jit: str = row("XLA", "machine", "auto", ("auto", "on", "off"))
    threads: int | None = row("CPU threads of one operation (default: the cores)", "machine", None, low=1, high=1024)
    init_from: str | None = row("fine-tune: begin at the weights of a preset, a run or a .keras file", "common", None)
    versions: dict = row("", "machine", settled=True)

    @property
    def data_arguments(self) -> dict[str, Any]:
        """The arguments of `tfgan_zoo.data.load` that, after the name, tell the run's data."""
        return {
            "data_dir": self.data_dir,
            "image_size": self.image_size,
            "channels": self.channels,
            "split": self.split,
            "bad_images": self.bad_images,
            "key": self.data_key,
            "sizes": registry.NETWORKS[self.network].sizes or None,
            "label_order": "alphabetical" if self.nameless else "natural",
            "mirror": self.mirror,
            **{name: getattr(self, name) for name in catalogue.READING},
        }

    @property
    def reading(self) -> Any:
        """The `decode.Reading` of the pictures of a folder; None of a named data set."""
        return catalogue.reading(self.dataset, **{name: getattr(self, name) for name in catalogue.READING})

    @property
    def nameless(self) -> bool:
        """Whether this is a conditional run that was begun without the names of its classes."""
        return self.num_classes is not None and not self.class_names

    @property
    def shape(self) -> tuple[int, ...]:
        """(H, W, C) of the images, or (d,) of the mixture."""
        if self.image_size is None or self.channels is None:
            return catalogue.check(self.dataset)
        return (*image_sizes.sides(self.image_size), self.channels)

    @property
    def steps(self) -> int:
        """How many steps the run has."""
        return max(1, round(self.kimg * 1000 / self.batch_size))

    @property
    def steps_per_tick(self) -> int:
        """How many steps lie between two checkpoints."""
        return min(self.steps, max(1, round(self.tick_kimg * 1000 / self.batch_size)))

    @property
    def ticks(self) -> ticks.Grid:
        """The `Grid` of the run's ticks. `first_tick_kimg` is where the first ended; 0 if the clock has yet to say."""
        first = round((self.first_tick_kimg or 0) * 1000 / self.batch_size)
        return ticks.Grid(self.steps_per_tick, first or None)

    @property
    def kept(self) -> int | None:
        """How many checkpoints are kept; None for all."""
        return None if self.keep_checkpoints == "all" else int(self.keep_checkpoints)

    def digest(self) -> str:
        """Returns a hash of what decides the run's numbers, in hexadecimal: all but what a machine settles.

        Equal configurations have equal ones, and so have the same pictures in another folder.
        """
        values = without_quiet({name: getattr(self, name) for name, known in ROWS.items() if not known.settled})
        floats = [name for name in values if fields.kind_of(FIELDS[name])[0] is float and values[name] is not None]
        values |= {name: float(values[name]) for name in floats}
        values["penalty_weight"] = [float(weight) for weight in self.penalty_weight]
        values["options"] = {
            name: float(value) if isinstance(value, int) and isinstance(_default_of_option(name), float) else value
            for name, value in self.options.items()
        }
        values["dataset"] = self.data_key or self.dataset
        values["network"] = self.network_key or self.network
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> str:
        """Returns the configuration as JSON text, one key a line, and its `digest`."""
        return json.dumps(dataclasses.asdict(self) | {"digest": self.digest()}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: Any) -> "Config":
        """Reads what `to_json` wrote, also before a field was added that has a default: the run had what that says.

        Raises:
            ValueError: in one line, if a key is missing or unknown, or a value is none that `resolve` would give.
        """
        try:
            values = read_json(text)
        except ValueError as error:
            raise ValueError(f"not a configuration: it {error}") from None
        values.pop("digest", None)  # it follows from the others
        values = before_later_fields(values) | former_penalties(values)
        for what, names in (("missing", FIELDS.keys() - values.keys()), ("unknown", values.keys() - FIELDS.keys())):
            if names:
                raise ValueError(f"not a configuration of this version; {what}: {', '.join(sorted(names))}")
        options = values["options"] if isinstance(values["options"], dict) else {}
        for table in (values, options):
            table |= {name: tuple(value) for name, value in table.items() if isinstance(value, list)}
        config = cls(**values)
        _checks().check(config)
        return config


FIELDS = {field.name: field for field in dataclasses.fields(Config)}
ROWS = fields.rows(Config)
# What a run does when the user, the data set, the network, the loss and the method say nothing.
DEFAULTS = {name: known.default for name, known in ROWS.items() if known.default is not fields.MISSING}
# Fields that came later: a run written before begins with their defaults.
LATER = tuple(name for name, known in ROWS.items() if known.later)


def without_quiet(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the values of fields but for quiet ones at their default, as a digest takes them.

    >>> without_quiet({"seed": 0, "no_icc": False})
    {'seed': 0}
    """
    return {name: it for name, it in values.items() if not (ROWS[name].quiet and it == DEFAULTS[name])}


def before_later_fields(values: dict[str, Any]) -> dict[str, Any]:
    """Returns what a configuration from before some fields means for those that it lacks.

    Colour profiles were ignored, and perturbed convolutions were noisy in every step.

    >>> before_later_fields({"dataset": "./photos"})["no_icc"]
    True
    """
    dataset = values.get("dataset")
    no_icc = isinstance(dataset, str) and catalogue.is_path(dataset)
    noisy = bool(values.get("perturb"))
    return {name: DEFAULTS[name] for name in LATER} | {"no_icc": no_icc, "perturb_generator": noisy}


def former_penalties(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the values of a configuration or a recipe from when a penalty was one word, and its weight a number."""
    if not isinstance(values.get("penalty"), str):
        return values
    none = values["penalty"] == "none"
    changed = {"penalty": () if none else (values["penalty"],)}
    weight = values.get("penalty_weight")
    if isinstance(weight, int | float) and not isinstance(weight, bool):
        changed["penalty_weight"] = () if none else (weight,)
    penalty = registry.PENALTIES.get(values["penalty"])
    if penalty is not None and "penalty_every" not in values:
        changed["penalty_every"] = (penalty.usual_every,)
    return values | changed


def _default_of_option(name):
    return _checks().options()[name][1].default


def _checks():
    from tfgan_zoo.settings import checks  # which looks at `Config` itself

    return checks


def labelled(config: Config, data: Any) -> Config:
    """Returns the configuration with the number and the names of its data's classes, if it is conditional.

    Args:
        config: a `Config`.
        data: its `tfgan_zoo.data.Data`.

    Raises:
        ValueError: in one line, if the data have no labels, or other classes than a run was begun with.
    """
    if not config.conditional:
        return config
    if not data.num_classes:
        raise ValueError(f"conditional=True: {catalogue.no_labels(config.dataset)}")
    if config.num_classes not in (None, data.num_classes):
        raise ValueError(f"num_classes={config.num_classes}: dataset={config.dataset} has {data.num_classes} classes")
    if not config.nameless:
        names = tuple(data.label_names)
        if config.class_names not in ((), names):
            raise ValueError(f"class_names: dataset={config.dataset} has other classes than the run was begun with")
        config = dataclasses.replace(config, num_classes=data.num_classes, class_names=names)
    _checks().check_metrics(config)
    return config


@functools.cache  # they parse files each time
def versions() -> dict[str, str]:
    """Returns the versions of what decides a run's numbers."""
    import platform
    from importlib import metadata

    packages = ("tfgan-zoo", "tensorflow", "keras", "numpy")
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in packages}
