"""Lists of tensors as a whole."""

from tfgan_zoo.lazy import tf


def flatten(tensors):
    """Returns the numbers of tensors or variables as one float32 vector."""
    return tf.concat([tf.reshape(tf.cast(tensor, tf.float32), [-1]) for tensor in tensors], axis=0)


def global_norm(gradients):
    """Returns the Euclidean norm of gradients together, float32."""
    return tf.linalg.global_norm([tf.cast(gradient, tf.float32) for gradient in gradients if gradient is not None])
