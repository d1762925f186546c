"""The order of training batches, on small images whose pixels say which item they are."""

import dataclasses

import hypothesis
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st

from tfgan_zoo import data, random
from tfgan_zoo.data.dataset import Data
from tfgan_zoo.data.images import Images


def numbered(num, heldout=3, side=2, shape=(4, 4, 1)):
    """A data set of `num` + `heldout` images: each pixel of item i is i, and its label is 1000 + i."""
    items = np.arange(num + heldout)
    pixels = np.broadcast_to(items[:, None, None, None], (len(items), side, side, 1)).astype(np.uint8)
    source = Images((pixels[:num], 1000 + items[:num]), (pixels[num:], 1000 + items[num:]), shape)
    return Data(
        name="numbered",
        description="",
        shape=shape,
        num_train=num,
        num_heldout=heldout,
        num_classes=0,
        native=side,
        source=source,
    )


def items_of(dataset, steps):
    """Which items `steps` batches hold, int[steps, B, rows]; checks that images and labels agree."""
    batches = list(dataset.take(steps).as_numpy_iterator())
    labels = np.stack([batch["labels"] for batch in batches]) - 1000
    pixels = np.stack([batch["images"] for batch in batches])[..., 1, 1, 0]
    np.testing.assert_array_equal(np.rint((pixels + 1) * 127.5), labels)
    return labels


def epochs(num, seed, count):
    """The order of the first `count` epochs by its definition, int[count, num]."""
    seeds = [tf.stack([random.epoch_seed(seed, epoch), 0]) for epoch in range(count)]
    shuffle = tf.random.experimental.stateless_shuffle
    return np.stack([shuffle(tf.range(num), words, alg="philox").numpy() for words in seeds])


@hypothesis.settings(max_examples=25, deadline=None)
@hypothesis.given(
    num=st.integers(1, 20),
    batch_size=st.integers(1, 6),
    rows=st.integers(1, 4),
    seed=st.integers(0, 2**31 - 1),
    start_step=st.integers(0, 8),
)
def test_every_element_is_where_the_definition_says(num, batch_size, rows, seed, start_step):
    """Batches that straddle epochs, hold several of them, or begin anywhere."""
    size = batch_size * rows
    stream = epochs(num, seed, 1 + (start_step + 3) * size // num).reshape(-1)
    wanted = stream[start_step * size : (start_step + 3) * size].reshape(3, batch_size, rows)
    read = items_of(numbered(num).train(batch_size, rows, seed, start_step), steps=3)
    np.testing.assert_array_equal(read, wanted)


def test_each_epoch_is_a_permutation_and_another_one():
    read = items_of(numbered(60).train(batch_size=4, batches_per_step=3, seed=5), steps=4 * 5).reshape(4, 60)
    for epoch in read:
        np.testing.assert_array_equal(np.sort(epoch), np.arange(60))
    assert len({epoch.tobytes() for epoch in read}) == 4


def test_order_depends_on_the_seed_alone():
    data = numbered(60)
    first = items_of(data.train(4, 3, seed=5), steps=5)
    assert not np.array_equal(first, items_of(data.train(4, 3, seed=6), steps=5))
    for global_seed in (1, 2):
        tf.random.set_seed(global_seed)
        np.testing.assert_array_equal(first, items_of(data.train(4, 3, seed=5), steps=5))
        np.testing.assert_array_equal(first, items_of(numbered(60).train(4, 3, seed=5), steps=5))


def test_order_is_that_of_earlier_versions():
    """If this fails, no run that was begun before can be resumed."""
    read = items_of(numbered(10).train(10, 1, seed=0), steps=2).reshape(2, 10)
    assert read.tolist() == [[1, 6, 9, 5, 4, 7, 2, 8, 3, 0], [5, 9, 4, 8, 1, 2, 0, 7, 3, 6]]


def mirrored(num):
    """A data set of 2 x 2 images whose left half is i, whose right half is 128 + i."""
    pixels = np.zeros((num, 2, 2, 1), np.uint8)
    pixels[:, :, 0, 0], pixels[:, :, 1, 0] = np.arange(num)[:, None], 128 + np.arange(num)[:, None]
    plain = numbered(num, heldout=1, shape=(2, 2, 1))
    source = Images((pixels, np.arange(num)), (pixels[:1], np.zeros(1)), (2, 2, 1))
    return dataclasses.replace(plain, mirror=True, source=source)


def test_an_epoch_of_mirrored_data_holds_every_image_and_its_mirror_image():
    """Another order in each epoch and with each seed; what is real is as it was."""
    dataset = mirrored(10)
    orders = set()
    for seed, start in ((0, 0), (0, 4), (1, 0)):
        batches = list(dataset.train(5, seed=seed, start_step=start).take(4).as_numpy_iterator())
        images = np.rint((np.concatenate([batch["images"][:, 0] for batch in batches]) + 1) * 127.5).astype(int)
        left, right = images[:, 0, 0, 0], images[:, 0, 1, 0]
        items, flipped = np.minimum(left, right), left > right
        np.testing.assert_array_equal(items, np.concatenate([batch["labels"][:, 0] for batch in batches]))
        assert sorted(zip(items, flipped, strict=True)) == [(i, side) for i in range(10) for side in (False, True)]
        orders.add((tuple(items), tuple(flipped)))
    assert len(orders) == 3
    assert dataset.num_train == 10
    np.testing.assert_array_equal(np.rint((dataset.reals(10)[0][:, 0, 0, 0] + 1) * 127.5), np.arange(10))


def test_mirrored_data_begin_anywhere_at_once():
    dataset = mirrored(7)
    whole = list(dataset.train(3, 2, seed=5).take(9).as_numpy_iterator())
    late = list(dataset.train(3, 2, seed=5, start_step=6).take(3).as_numpy_iterator())
    for one, other in zip(whole[6:], late, strict=True):
        np.testing.assert_array_equal(one["images"], other["images"])


def test_shuffle_is_even():
    """Item 0 comes to each of 5 places equally often: chi-square with 4 degrees of freedom, 0.1 % point 18.5."""
    places = items_of(numbered(5).train(5, 1, seed=0), steps=500)[:, :, 0].argmin(axis=1)
    counts = np.bincount(places, minlength=5)
    assert ((counts - 100) ** 2 / 100).sum() < 18.5


def test_a_late_start_reads_no_earlier_epoch(monkeypatch):
    seen = []
    epoch_seed = random.epoch_seed

    def spy(seed, epoch):
        epoch = tf.numpy_function(lambda e: seen.append(int(e)) or e, [epoch], tf.int64)
        return epoch_seed(seed, tf.ensure_shape(epoch, []))

    monkeypatch.setattr(random, "epoch_seed", spy)
    next(iter(numbered(10).train(batch_size=4, batches_per_step=2, seed=0, start_step=10**6)))
    assert min(seen) == 8 * 10**6 // 10


def test_batches_are_typed_endless_and_not_tuned():
    dataset = numbered(3).train(batch_size=4, batches_per_step=2, seed=0)
    assert dataset.element_spec == {
        "images": tf.TensorSpec([4, 2, 4, 4, 1], tf.float32),
        "labels": tf.TensorSpec([4, 2], tf.int32),
    }
    assert len(items_of(dataset, steps=30)) == 30
    options = dataset.options()
    assert options.autotune.enabled is False
    assert options.experimental_distribute.auto_shard_policy == tf.data.experimental.AutoShardPolicy.DATA


def test_two_replicas_get_the_two_halves():
    dataset = numbered(50).train(batch_size=6, batches_per_step=2, seed=0)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    whole = items_of(dataset, steps=12)  # 144 items: across two ends of an epoch
    shards = iter(strategy.experimental_distribute_dataset(dataset))
    for batch in whole:
        first, second = strategy.experimental_local_results(next(shards)["labels"])
        np.testing.assert_array_equal(first - 1000, batch[:3])
        np.testing.assert_array_equal(second - 1000, batch[3:])


def test_training_and_reals_give_the_same_bits():
    """All levels, also through the optimised graph of the data set."""
    data = numbered(256)
    images, labels = data.reals(256)
    levels = np.arange(256, dtype=np.float32)
    np.testing.assert_array_equal(images[:, 1, 1, 0], levels / np.float32(127.5) - np.float32(1))
    np.testing.assert_array_equal(labels, 1000 + np.arange(256))
    batch = next(data.train(256, 1, seed=0).as_numpy_iterator())
    np.testing.assert_array_equal(batch["images"][:, 0], images[batch["labels"][:, 0] - 1000])


@pytest.mark.parametrize(("side", "size", "before"), [(2, 2, 0), (2, 4, 1), (3, 8, 2), (5, 8, 1)])
def test_border(side, size, before):
    data = numbered(9, side=side, shape=(size, size, 1))
    images, _ = data.reals(9)
    inside = np.zeros((size, size), bool)
    inside[before : before + side, before : before + side] = True
    assert (images[8][~inside] == -1).all()
    assert (images[8][inside] > -1).all()
    np.testing.assert_array_equal(data.crop(images)[8], np.full((side, side, 1), images[8].max()))


def test_grey_is_repeated_in_three_channels():
    grey, _ = numbered(9).reals(9)
    colour, _ = numbered(9, shape=(4, 4, 3)).reals(9)
    np.testing.assert_array_equal(colour, np.repeat(grey, 3, axis=-1))


def test_heldout_items_are_never_trained_on():
    data = numbered(7, heldout=4)
    assert data.reals(4, "heldout")[1].tolist() == [1007, 1008, 1009, 1010]
    assert items_of(data.train(3, 2, seed=0), steps=20).max() == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size=0 must be an integer of at least 1"),
        ({"batch_size": 2.5}, "batch_size=2.5"),
        ({"batches_per_step": 0}, "batches_per_step=0"),
        ({"seed": -1}, r"seed=-1 must be an integer in \[0, 2147483647\]"),
        ({"seed": 2**31}, "seed=2147483648"),
        ({"start_step": -1}, "start_step=-1"),
    ],
)
def test_bad_arguments_of_train(arguments, message):
    with pytest.raises(ValueError, match=message):
        numbered(5).train(**{"batch_size": 2, "batches_per_step": 1, "seed": 0, **arguments})


@pytest.mark.parametrize(
    ("num", "split", "message"),
    [(0, "train", "num=0"), (6, "train", r"num=6 .* \[1, 5\]"), (4, "heldout", "num=4"), (1, "test", "split=test")],
)
def test_bad_arguments_of_reals(num, split, message):
    with pytest.raises(ValueError, match=message):
        numbered(5).reals(num, split)


@pytest.mark.parametrize("name", ["ring", "fashion_mnist_10k", "stacked_fashion"])
@pytest.mark.parametrize("split", ["train", "heldout"])
def test_chunks_are_the_reals_in_parts(name, split):
    source = data.load(name)
    parts = list(source.chunks(50, split, size=20))
    assert [len(images) for images, _ in parts] == [20, 20, 10]
    for whole, pieces in zip(source.reals(50, split), zip(*parts, strict=True), strict=True):
        np.testing.assert_array_equal(np.concatenate(pieces), whole)
