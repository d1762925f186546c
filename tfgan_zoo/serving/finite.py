"""Refuses to export what cannot sample."""

import numpy as np


def check_weights(model):
    """Checks the weights that sampling uses.

    Args:
        model: a `GAN`.

    Raises:
        ValueError: in one line, if one is NaN or infinite.
    """
    for variable in model.sampler.variables:
        values = np.asarray(variable.value)
        # bfloat16, which NumPy does not know, is neither a float nor an integer of NumPy's
        if not (np.issubdtype(values.dtype, np.integer) or np.isfinite(values.astype("float32")).all()):
            name = variable.path
            raise ValueError(f"model: its weights {name} are not all finite numbers; take an earlier checkpoint")
