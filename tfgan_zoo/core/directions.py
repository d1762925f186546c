"""Which way the logs of a GAN get better, for Keras's callbacks that watch one of them."""

LOWER = ("d_loss", "g_loss", "penalty", "reconstruction")
HIGHER = ("d_real", "d_fake")  # how real D finds reals, and samples


def tell(callbacks, known=None):
    """Gives EarlyStopping, ReduceLROnPlateau and ModelCheckpoint with `mode="auto"` the direction of their log.

    Of logs whose direction nobody knows, such as norms, Keras goes on to ask for `mode=`.

    Args:
        callbacks: Keras callbacks, in a list or one alone, or None.
        known: {name: "min" or "max"}, those of other logs.

    >>> import keras
    >>> callback = keras.callbacks.EarlyStopping("val_d_real")
    >>> tell([callback])
    >>> callback.mode
    'max'
    """
    for callback in callbacks if isinstance(callbacks, list | tuple) else [callbacks]:
        if getattr(callback, "mode", None) != "auto":
            continue
        name = str(getattr(callback, "monitor", "")).removeprefix("val_")
        if name in (known or {}):
            callback.mode = known[name]
        elif name in HIGHER:
            callback.mode = "max"
        elif name in LOWER or name.startswith("penalty_"):
            callback.mode = "min"
