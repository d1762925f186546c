"""The pair of networks that a function of the user's makes: `functions` finds it, here it is called and checked."""

import hashlib
import inspect
import json
import logging
import threading
import warnings
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from tfgan_zoo import functions
from tfgan_zoo.networks import own

_LOG = logging.getLogger(__name__)
_TOLD: set[str] = set()  # of what is probably wrong with networks: they are made several times


def build(
    word: str,
    role: str,
    image_shape: Sequence[int],
    latent_dim: int = 128,
    num_classes: int = 0,
    outputs: int = 1,
    perturb: float = 0.0,
    perturb_law: str = "uniform",
    perturb_first: bool = True,
    normalization: str | None = None,
    **sizes: Any,
) -> keras.Model:
    """Makes the network of a role, as `networks.build` does of a name.

    Args:
        word: str, "module:function".
        role: "generator" or "discriminator".
        image_shape, latent_dim, num_classes: as the function gets them, see `make_pair`.
        outputs: int, how many numbers the discriminator gives for an image.
        perturb, perturb_law, perturb_first: of its convolutions, see `own.perturb`.
        normalization: of the discriminator; what it has, `described` says.
        **sizes: `width`, if the user says one.

    Raises:
        ValueError: in one line, as `make_pair` does.
    """
    generator, discriminator = make_pair(word, image_shape, latent_dim, num_classes, outputs, **sizes)
    if role == "generator":
        return generator
    try:
        return _perturbed(discriminator, perturb, perturb_law, perturb_first) if perturb else discriminator
    except ValueError as error:
        raise ValueError(f"network={word}: {error}; or choose perturb=0 with another method than pconv") from None


def make_pair(
    word: str, image_shape: Sequence[int], latent_dim: int, num_classes: int = 0, outputs: int = 1, **sizes: Any
) -> tuple[keras.Model, keras.Model]:
    """Calls a function, and returns (generator, discriminator) as the training loop takes them.

    Args:
        word: str, "module:function". The function gets image_shape, latent_dim and num_classes by name, and, where
            they are wanted, the others; it returns two Keras models.
        image_shape: tuple of int, of an image (H, W, C), of a point (d,).
        latent_dim: int.
        num_classes: int, 0 for networks without labels.
        outputs: int, how many numbers the discriminator gives; the function needs to take it where they are not 1.
        **sizes: `width`, where the function takes it.

    Raises:
        ValueError: in one line that names the word, if there is no such function, it fails, or what it returns is no
            such pair.
    """
    wanted = {"image_shape": tuple(image_shape), "latent_dim": latent_dim, "num_classes": num_classes or 0, **sizes}
    if takes(word, "outputs"):
        wanted["outputs"] = outputs
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        pair: Any = _in_a_fresh_thread(lambda: _made(word, functions.load(word), wanted))
    for line in {f"network={word}: {warning.message}" for warning in found} - _TOLD:
        _TOLD.add(line)
        _LOG.warning("%s", line)
    generator, discriminator = pair
    _check(word, generator, discriminator, wanted, outputs)
    return generator, discriminator


def takes(word: str, name: str) -> bool:
    """Returns whether a function has an argument of a name.

    Args:
        word: str, "module:function".
        name: str.

    Raises:
        ValueError: in one line, if there is no such function.
    """
    try:
        return name in inspect.signature(functions.load(word)).parameters
    except TypeError:  # no signature
        return False


def described(word: str, **arguments: Any) -> tuple[str, str]:
    """Returns (key, normalization): a hash of the architecture, and "batch" or "none", what the discriminator has.

    Equal layers in equal order have the same key, whatever they are called; of a network with a class of the user's,
    its `get_config` and the shapes of its weights count.

    Args:
        word, **arguments: those of `make_pair`.
    """
    pair = make_pair(word, **arguments)
    about = [[keras.saving.serialize_keras_object(it), [list(weight.shape) for weight in it.weights]] for it in pair]
    text = json.dumps(about, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16], getattr(pair[1], "normalization", None) or "none"


def _made(word, function, wanted):
    made = functions.call(word, function, **wanted)
    if not (isinstance(made, tuple | list) and len(made) == 2):
        raise ValueError(f"network={word} returned {_kind(made)}; it must return (generator, discriminator)")
    for role, network in zip(("generator", "discriminator"), made, strict=True):
        if not isinstance(network, keras.Model):
            raise ValueError(f"network={word} returned {_kind(network)} as its {role}, which must be a Keras model")
    try:
        return own.as_pair(*made)
    except ValueError as error:
        raise ValueError(f"network={word}: {error}") from None


def _kind(made):
    return f"{len(made)} things" if isinstance(made, tuple | list) else type(made).__name__


def _check(word, generator, discriminator, wanted, outputs):
    """Raises a ValueError, one line, where the networks are not those that were asked for."""
    shape = wanted["image_shape"]
    classes = [getattr(network, "num_classes", 0) or 0 for network in (generator, discriminator)]
    pairs = (
        ("the generator makes", tuple(generator.image_shape), "image_shape", shape),
        ("the discriminator takes", tuple(getattr(discriminator, "image_shape", shape)), "image_shape", shape),
        ("the generator takes latents of", generator.latent_dim, "latent_dim", wanted["latent_dim"]),
        ("the generator knows classes:", classes[0], "num_classes", wanted["num_classes"]),
        ("the discriminator knows classes:", classes[1], "num_classes", wanted["num_classes"]),
    )
    for says, found, name, asked in pairs:
        if found != asked:
            raise ValueError(f"network={word}: {says} {found}, and it was called with {name}={asked}")
    found = getattr(discriminator, "outputs", outputs)
    if found != outputs:
        more = "" if "outputs" in wanted else ": let the function take outputs"
        raise ValueError(f"network={word}: the discriminator gives {found} numbers, and {outputs} are needed{more}")


def _perturbed(discriminator, rate, law, first):
    """Returns a discriminator with noisy convolutions, also where it is wrapped."""
    inner = getattr(discriminator, "network", None)
    if inner is None:
        return own.perturb(discriminator, rate, law, first)
    return type(discriminator)(**(discriminator.get_config() | {"network": own.perturb(inner, rate, law, first)}))


def _in_a_fresh_thread(make):
    """Returns make(), called where Keras has named no layer yet.

    Layers draw by their names, and Keras numbers the names that nobody chose by thread: so they are the same in every
    process, whatever it made before.
    """
    found, policy = [], keras.config.dtype_policy()
    inside = tf.distribute.get_strategy() if tf.distribute.has_strategy() else None

    def call():
        keras.config.set_dtype_policy(policy)
        try:
            if inside is None:
                found.append(make())
            else:
                with inside.scope():
                    found.append(make())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    if isinstance(found[0], Exception):
        raise found[0]
    return found[0]
