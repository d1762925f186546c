"""A method, a loss and a network for tfgan_zoo."""
