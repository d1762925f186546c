"""What Keras lacks: spectral normalisation that follows its paper, perturbed convolution, labels, whitening."""

from tfgan_zoo.layers.conditional_normalization import ConditionalBatchNormalization, one_hot
from tfgan_zoo.layers.perturbation import PerturbedConv2D, PerturbedSNConv2D, conv2d
from tfgan_zoo.layers.spectral_normalization import SNConv2D, SNDense, power_iteration
from tfgan_zoo.layers.whitening import Whitening

__all__ = [
    "ConditionalBatchNormalization",
    "PerturbedConv2D",
    "PerturbedSNConv2D",
    "SNConv2D",
    "SNDense",
    "Whitening",
    "conv2d",
    "one_hot",
    "power_iteration",
]
