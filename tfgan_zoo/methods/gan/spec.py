"""The plain GAN, before TensorFlow starts; its class is the loop that all methods share."""

from tfgan_zoo.specs import Method

SPEC = Method(
    name="gan",
    summary="the plain GAN, baseline of every method (Goodfellow et al. 2014)",
    path="tfgan_zoo.core.gan:GAN",
)
