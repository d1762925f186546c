"""Stand-ins: caches in a temporary folder, and an Inception of TF-GAN's interface with weights of no meaning."""

import numpy as np
import pytest
import tensorflow as tf

POOL, CLASSES = 16, 12


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Inception(tf.Module):
    """float32[N, 299, 299, 3] in [-1, 1] -> {"pool_3": [N, 1, 1, POOL], "logits": [N, CLASSES]}, as TF-Hub's has it."""

    def __init__(self):
        super().__init__()
        rng = np.random.default_rng(0)
        self.pool = tf.Variable(rng.normal(size=(10 * 10 * 3, POOL)).astype("float32"))
        self.head = tf.Variable(rng.normal(size=(POOL, CLASSES)).astype("float32"))

    @tf.function(input_signature=[tf.TensorSpec([None, 299, 299, 3], tf.float32)])
    def __call__(self, images):
        small = tf.reshape(images[:, ::30, ::30], [-1, 300])
        pool = tf.nn.relu(small @ self.pool)
        return {"pool_3": pool[:, None, None], "logits": pool @ self.head}


@pytest.fixture(scope="session")
def inception(tmp_path_factory):
    """The folder of a SavedModel."""
    folder = tmp_path_factory.mktemp("inception")
    tf.saved_model.save(Inception(), str(folder))
    return folder
