"""What shows a trained generator to others: lists of seeds, files of latents, the film of a training."""
