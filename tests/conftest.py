"""Every test process has two logical CPU devices, so that the replicas' code runs here."""

import gc
import os
import pathlib
import shutil
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import pytest
import tensorflow as tf

tf.config.threading.set_intra_op_parallelism_threads(2)
_CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(_CPU, [tf.config.LogicalDeviceConfiguration()] * 2)


# One strategy for the whole process, whoever asks: a second one would use the first one's collective keys again.
_MIRRORED = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
tf.distribute.MirroredStrategy = lambda devices=None: _MIRRORED


def pytest_collection_finish():
    """Garbage collections leave out what was imported: a third of a million objects stays until the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory):
    """Decoded pictures go into a folder of the tests' own."""
    os.environ["TFGAN_ZOO_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def mirrored():
    """Two replicas on the two logical CPU devices."""
    return _MIRRORED


@pytest.fixture(autouse=True)
def _fresh_keras():
    """Fixes the initial weights, and undoes a policy that a test has set."""
    keras.utils.set_random_seed(0)
    yield
    keras.config.set_dtype_policy("float32")
    keras.backend.clear_session(free_memory=False)  # a garbage collection after each test takes longer than the tests


@pytest.fixture(scope="session")
def loader(tmp_path_factory):
    """The C++ program of tools/, made by the README's line: it takes half a minute, so once for all tests."""
    if shutil.which("g++") is None:
        pytest.skip("no g++")
    root = pathlib.Path(__file__).resolve().parent.parent
    lines = (root / "README.md").read_text().splitlines()
    (line,) = [line.strip() for line in lines if line.startswith("    tools/build_loader.sh")]
    line = line.replace("tools/", f"{root}/tools/").replace(".venv/bin/python", sys.executable)
    folder = tmp_path_factory.mktemp("loader")
    subprocess.run(line, shell=True, cwd=folder, check=True)
    return folder / "load_export"
