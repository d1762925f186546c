"""train.py on a mixture as in brc's authors' scripts with `--IV`: D also sees how much the batch differs.

    python benchmarks/batch_deviation.py --method=brc --dataset=ring_r5

For benchmarks/claims.py: tanh in the generator, as in tanh_generator.py, and behind D's last hidden layer one number
more, the mean over its units of their standard deviation in the batch: a device against collapse of its own. It has
train.py's flags; such a run cannot be resumed.
"""

import sys

import tanh_generator

from tfgan_zoo.cli import app
from tfgan_zoo.cli import train as command


def main():
    app.import_tensorflow()
    from tfgan_zoo import networks

    networks.build = tanh_generator.with_tanh(with_deviation(networks.build))
    return command.main()


def with_deviation(build):
    """Returns `networks.build` with the batch's deviation in every discriminator, an mlp."""
    import keras
    import tensorflow as tf

    from tfgan_zoo.networks import MLPDiscriminator

    class Deviation(keras.layers.Layer):
        def call(self, x):
            variances = tf.math.reduce_variance(x, axis=0) * tf.cast(tf.shape(x)[0] / (tf.shape(x)[0] - 1), x.dtype)
            deviation = tf.reduce_mean(tf.sqrt(variances + 1e-12))  # the root has a gradient where all are alike
            return tf.concat([x, deviation * tf.ones_like(x[:, :1])], axis=1)

    class Discriminator(MLPDiscriminator):
        def build(self, input_shape):
            self.trunk.add(Deviation(name="deviation"))
            super().build(input_shape)

    def build_with_deviation(name, role, **kwargs):
        return Discriminator(**kwargs) if role == "discriminator" else build(name, role, **kwargs)

    return build_with_deviation


if __name__ == "__main__":
    sys.exit(main())
