"""TF-GAN, the library of GAN losses and metrics, on a TensorFlow that it was not written for.

TF-GAN 2.1.0 derives classes from three names of `tf.estimator`, which TensorFlow 2.16 dropped, and so does not import.
`load` lends it the names for the time of its import; everything that the project uses of it never touches them. This
is the only module that imports TF-GAN, and it does so on the first call, not when it is imported itself: TF-GAN
brings TensorFlow Probability and tf_keras along, a second of start-up.

>>> from tfgan_zoo.evaluation import tfgan_metrics
>>> float(tfgan_metrics.load().losses.wargs.wasserstein_generator_loss([[1.0], [3.0]]))
-2.0
"""

import contextlib
import importlib
import logging
import sys
import threading
import types
import warnings

import numpy as np

from tfgan_zoo.lazy import tf

_LOCK = threading.Lock()


def load():
    """Imports TF-GAN if need be and returns it.

    It leaves `tf.estimator` missing, as it was, and Keras the one that was loaded. `losses.wargs`, the metrics from
    activations, sliced Wasserstein and `image_grid` work; the estimators, the streaming metrics and the TF-Hub
    loader do not.

    Returns:
        The module `tensorflow_gan`.
    """
    with _LOCK:
        if "tensorflow_gan" not in sys.modules:
            with _quiet(), _estimator_names():
                importlib.import_module("setuptools")  # TF-GAN asks for distutils, which left Python in 3.12
                importlib.import_module("tensorflow_gan")
    return sys.modules["tensorflow_gan"]


def frechet_distance(reals, fakes):
    """The Frechet distance between two sets of features, as if both were Gaussian.

        |m_r - m_f|^2 + tr(C_r + C_f - 2 (C_r C_f)^(1/2)),   m the means, C the unbiased covariances

    Heusel et al. 2017, arXiv 1706.08500. It is biased upwards for few samples: compare at equal numbers only. The named
    metrics use `frechet.frechet_distance`, which is also right where features hardly vary.

    Args:
        reals: float[N, d], features of reals, N >= 2.
        fakes: float[M, d], features of fakes, M >= 2.

    Returns:
        A float, computed in double precision.

    Raises:
        ValueError: if the features are not matrices of equal width and at least two rows.

    Example:

    >>> import numpy as np
    >>> from tfgan_zoo.evaluation import tfgan_metrics
    >>> features = np.random.default_rng(0).normal(size=(100, 4))
    >>> round(tfgan_metrics.frechet_distance(features, features + 1.0), 6)
    4.0
    """
    reals, fakes = _features(reals, fakes)
    return float(load().eval.frechet_classifier_distance_from_activations(reals, fakes))


def kernel_distance(reals, fakes):
    """The squared maximum mean discrepancy with the kernel (x.y / d + 1)^3, unbiased, over blocks of at most 1,024.

    Binkowski et al. 2018, arXiv 1801.01401. The rows must be in random order, for each block stands for the whole.

    Args:
        reals: float[N, d], features of reals, N >= 2.
        fakes: float[M, d], features of fakes, M >= 2.

    Returns:
        A float, computed in double precision; it can be negative.

    Raises:
        ValueError: if the features are not matrices of equal width and at least two rows.

    Example:

    >>> import numpy as np
    >>> from tfgan_zoo.evaluation import tfgan_metrics
    >>> features = np.random.default_rng(0).normal(size=(100, 4))
    >>> tfgan_metrics.kernel_distance(features[:50], features[50:] + 1.0) > 1.0
    True
    """
    reals, fakes = _features(reals, fakes)
    distance = load().eval.kernel_classifier_distance_from_activations
    with _quiet():  # it uses a deprecated argument
        return float(distance(reals, fakes))


def classifier_score(logits):
    """The inception score's formula on any classifier: exp E KL(p(y | x) || p(y)).

    Salimans et al. 2016, arXiv 1606.03498.

    Args:
        logits: float[N, classes], a classifier's logits on fakes.

    Returns:
        A float from 1 (all alike, or undecided) to the number of classes.

    Raises:
        ValueError: if `logits` is not a matrix.

    Example:

    >>> import numpy as np
    >>> from tfgan_zoo.evaluation import tfgan_metrics
    >>> round(tfgan_metrics.classifier_score(50.0 * np.eye(10)), 6)
    10.0
    """
    return float(load().eval.classifier_score_from_logits(_matrix("logits", logits)))


def image_grid(images, columns):
    """Puts images side by side, row by row, into one.

    Args:
        images: array [N, H, W, C] of any dtype, N a multiple of `columns`.
        columns: int, images in a row of the grid.

    Returns:
        An array [N / columns * H, columns * W, C] of the same dtype.

    Raises:
        ValueError: if the images do not fill the rows or are not of rank 4.

    Example:

    >>> import numpy as np
    >>> from tfgan_zoo.evaluation import tfgan_metrics
    >>> tfgan_metrics.image_grid(np.zeros((6, 32, 32, 1)), columns=3).shape
    (64, 96, 1)
    """
    images = np.asarray(images)
    if images.ndim != 4:
        raise ValueError(f"images={images.shape} must be [N, H, W, C]")
    if columns < 1 or len(images) % columns:
        raise ValueError(f"columns={columns} must divide the number of images, {len(images)}")
    return load().eval.python_image_grid(images, (len(images) // columns, columns))


@contextlib.contextmanager
def _estimator_names():
    """Lends TensorFlow, while open, the three estimator classes that TF-GAN subclasses as it is imported."""
    # Importing this module replaces tf.compat.v1, as TF-GAN's own import would: names put on the old one were lost.
    v1 = importlib.import_module("tensorflow.compat.v1")
    estimator = types.SimpleNamespace(
        Estimator=type("Estimator", (), {}), SessionRunHook=type("SessionRunHook", (), {})
    )
    tpu = types.SimpleNamespace(tpu=types.SimpleNamespace(TPUEstimator=type("TPUEstimator", (), {})))
    v2 = importlib.import_module("tensorflow")
    lent = [(module, names) for module, names in ((v2, estimator), (v1, tpu)) if not hasattr(module, "estimator")]
    for module, names in lent:
        module.estimator = names
    try:
        yield
    finally:
        for module, _ in lent:
            del module.estimator


@contextlib.contextmanager
def _quiet():
    """Keeps deprecation notices, which no user of ours can act on, from both of TensorFlow's channels."""
    logger = logging.getLogger("tensorflow")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)


def _features(reals, fakes):
    reals, fakes = _matrix("reals", reals), _matrix("fakes", fakes)
    if reals.shape[1] != fakes.shape[1]:
        raise ValueError(f"fakes={fakes.shape} must have as many columns as reals, {reals.shape}")
    for argument, values in (("reals", reals), ("fakes", fakes)):
        if values.shape[0] < 2:
            raise ValueError(f"{argument}={values.shape} must have at least two rows")
    return reals, fakes


def _matrix(argument, values):
    values = tf.cast(values, tf.float64)
    if len(values.shape) != 2:
        raise ValueError(f"{argument}={values.shape} must be a matrix, one row an image")
    return values
