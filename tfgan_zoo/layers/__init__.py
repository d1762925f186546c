"""What Keras lacks: spectral normalisation that follows its paper, perturbed and quick grouped convolution, labels."""

from tfgan_zoo.layers.conditional_normalization import ConditionalBatchNormalization, one_hot
from tfgan_zoo.layers.grouped_convolution import GroupedConv2D
from tfgan_zoo.layers.perturbation import PerturbedConv2D, PerturbedSNConv2D, conv2d, perturbing
from tfgan_zoo.layers.spectral_normalization import SNConv2D, SNDense, power_iteration
from tfgan_zoo.layers.walk import all_layers

__all__ = [
    "ConditionalBatchNormalization",
    "GroupedConv2D",
    "PerturbedConv2D",
    "PerturbedSNConv2D",
    "SNConv2D",
    "SNDense",
    "all_layers",
    "conv2d",
    "one_hot",
    "perturbing",
    "power_iteration",
]
