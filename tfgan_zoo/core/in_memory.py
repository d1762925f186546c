"""A file of weights in memory, as whole bytes for a disk: HDF5 itself ends the process where a disk is full."""

import io

import keras


class _Memory(io.BytesIO):
    """What Keras writes weights into; it takes names of files that end so."""

    def __str__(self):
        return "memory.weights.h5"


def weights(model: keras.Model) -> io.BytesIO:
    """Returns what `keras.Model.save_weights` writes, as an open binary file.

    >>> network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    >>> bytes(weights(network).getbuffer()[1:4])
    b'HDF'
    """
    file = _Memory()
    model.save_weights(file)
    return file
