"""What Keras lacks: spectral normalisation that follows its paper, perturbed convolution, whitening."""

from tfgan_zoo.layers.perturbation import PerturbedConv2D, PerturbedSNConv2D, conv2d
from tfgan_zoo.layers.spectral_normalization import SNConv2D, SNDense, power_iteration
from tfgan_zoo.layers.whitening import Whitening

__all__ = ["PerturbedConv2D", "PerturbedSNConv2D", "SNConv2D", "SNDense", "Whitening", "conv2d", "power_iteration"]
