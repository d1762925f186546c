"""The page's random numbers are those of tfgan_zoo.random: seed i is the image of seed i in a browser too."""

import zlib

import numpy as np
import pytest
import tensorflow as tf

from tests.serving import node
from tfgan_zoo import random

EDGES = [0, 1, -1, 77, 2**31, 2**32 - 1, 2**32, 2**40 + 5, -(2**40), 2**63 - 1, -(2**63)]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """What the page draws of seeds at the edges and of some between, in JSON numbers."""
    code = """
        import { bits, crc32, label, latents } from "./random.js";
        answer(value.seeds.map(BigInt).map((seed) => ({
          bits: [...bits(seed, crc32("latents"), 11)],
          latents: [1, 2, 7, 130].map((dim) => [...latents(seed, dim)]),
          labels: [1, 10, 1000].map((classes) => label(seed, classes)),
        })));
    """
    seeds = EDGES + np.random.default_rng(0).integers(-(2**63), 2**63, 189, dtype="int64").tolist()
    return seeds, node.run(code, tmp_path_factory.mktemp("node"), {"seeds": [str(seed) for seed in seeds]})


def test_the_bits_are_the_same(drawn):
    for seed, ours in zip(*drawn, strict=True):
        words = tf.constant([seed, zlib.crc32(b"latents")], tf.int64)
        theirs = tf.random.stateless_uniform([11], words, None, None, tf.uint32, alg="philox")
        assert ours["bits"] == theirs.numpy().tolist()


def test_the_latents_are_the_same_to_their_last_digits(drawn):
    seeds, ours = drawn
    for number, dim in enumerate((1, 2, 7, 130)):
        latents = np.array([answer["latents"][number] for answer in ours])
        np.testing.assert_allclose(latents, random.latents_from_seeds(seeds, dim), rtol=0, atol=1e-6)


def test_the_labels_are_the_same(drawn):
    seeds, ours = drawn
    for number, classes in enumerate((1, 10, 1000)):
        labels = random.labels_from_seeds(seeds, classes).numpy().tolist()
        assert [answer["labels"][number] for answer in ours] == labels


def test_the_way_between_two_latents_is_the_same(tmp_path):
    start, end = random.latents_from_seeds([3, 4], 16).numpy()
    ways = [(start, end), (start, 2 * start), (start, -start)]
    steps = [0.0, 0.2, 0.5, 1.0]
    code = """
        import { slerp } from "./random.js";
        answer(value.ways.map(([start, end]) => value.steps.map((step) =>
          [...slerp(Float32Array.from(start), Float32Array.from(end), step)])));
    """
    ours = node.run(code, tmp_path, {"ways": [[part.tolist() for part in way] for way in ways], "steps": steps})
    for way, rows in zip(ways, ours, strict=True):
        np.testing.assert_allclose(rows, random.slerp(*way, steps), rtol=0, atol=1e-6)


def test_checksums_are_those_of_zlib(tmp_path):
    texts = ["", "latents", "labels", "prêt"]
    code = 'import { crc32 } from "./random.js"; answer(value.map((text) => crc32(text)));'
    assert node.run(code, tmp_path, texts) == [zlib.crc32(text.encode()) for text in texts]
