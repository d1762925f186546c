"""What shows a trained generator to others: files of latents, animations, directions, a picture's latents."""
