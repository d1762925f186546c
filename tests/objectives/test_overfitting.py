"""The overfitting signal, and the probability that follows it."""

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.objectives import losses, overfitting
from tfgan_zoo.replicas import replica_mean


def sign(names, real, fake):
    costs = [losses.get(name) for name in names]
    return float(overfitting.real_sign(costs, tf.constant(real, tf.float32), tf.constant(fake, tf.float32)))


@pytest.mark.parametrize("name, threshold", [("non_saturating", 0), ("hinge", 0), ("least_squares", 0.5)])
def test_reals_are_counted_at_the_threshold_of_the_loss(name, threshold):
    offsets = np.array([[0.3], [0.2], [-0.1], [0.4]])
    assert sign([name], threshold + offsets, np.full((4, 1), -9.0)) == 0.5
    assert sign([name], np.full((4, 1), threshold), np.zeros((4, 1))) == 0  # it cannot tell


def test_wasserstein_is_counted_from_halfway_between_the_means():
    """A critic's logits have no zero: a number added to all changes nothing."""
    real, fake = np.array([[4.0], [3.0], [0.5], [0.5]]), np.zeros((4, 1))
    for added in (0, -50, 700):
        assert sign(["wasserstein"], real + added, fake + added) == 0


def test_several_costs_are_averaged_each_at_its_own_threshold():
    real = np.array([[0.25, 0.25], [0.25, 0.75]])  # hinge knows both, least squares one of two
    assert sign(["hinge", "least_squares"], real, np.zeros((2, 2))) == 0.5


def test_the_signal_has_no_gradient():
    logits = tf.constant([[1.0], [2.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        r = overfitting.real_sign([losses.get("wasserstein")], logits, logits - 1.0)
    assert tape.gradient(r, logits) is None


def test_p_rises_above_the_target_and_falls_below_it_at_one_pace():
    for r, change in ((1.0, 0.02), (0.61, 0.02), (0.6, 0.0), (0.59, -0.02), (-1.0, -0.02)):
        assert float(overfitting.adapt(0.3, r, 10_000.0)) == pytest.approx(0.3 + change)
    assert float(overfitting.adapt(0.3, 0.5, 64.0, target=0.4, kimg=0.64)) == pytest.approx(0.4)


def test_from_0_to_the_bound_takes_its_share_of_500_kimg():
    p, moves = tf.constant(0.0), 0
    while float(p) < overfitting.MAX_P - 1e-6:
        p, moves = overfitting.adapt(p, 1.0, 2_000.0), moves + 1
    assert moves == 500 * 0.8 / 2
    assert float(overfitting.adapt(p, 1.0, 2_000.0)) == pytest.approx(0.8)
    assert float(overfitting.adapt(0.001, 0.0, 2_000.0)) == 0.0


def test_two_replicas_have_the_signal_of_the_whole_batch(mirrored):
    """The threshold of wasserstein too: by themselves, the replicas' own reals lie on both sides of other middles."""
    real = tf.constant([[9.0], [7.0], [2.0], [1.0]])
    fake = tf.constant([[3.0], [1.0], [0.0], [0.0]])
    cost = [losses.get("wasserstein")]

    @tf.function
    def step():
        def replica():
            first = 2 * tf.distribute.get_replica_context().replica_id_in_sync_group
            halves = (logits[first : first + 2] for logits in (real, fake))
            return overfitting.real_sign(cost, *halves, replica_mean)

        return mirrored.experimental_local_results(mirrored.run(replica))

    whole = float(overfitting.real_sign(cost, real, fake))
    assert whole == 0.0 and [float(r) for r in step()] == [whole, whole]
