"""What a GAN minimises: losses, penalties and augmentation, as functions of tensors that keep no state."""
