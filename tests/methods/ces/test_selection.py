"""The selection among gradients, against NumPy."""

import concurrent.futures
import threading

import numpy as np
import pytest
import tensorflow as tf

from tfgan_zoo.methods.ces.selection import select, strengths
from tfgan_zoo.objectives import losses

K, B = 4, 6
NUMPY = {
    "best": lambda a, norms: np.argmax(a),
    "worst": lambda a, norms: np.argmin(a),
    "max_norm": lambda a, norms: np.argmax(norms),
    "min_norm": lambda a, norms: np.argmin(norms),
}
RULES = (*NUMPY, "random", "mean", "per_sample")


def problem(seed, shape=(5, 3, 2)):
    rng = np.random.default_rng(seed)
    scales = rng.uniform(0.1, 10, (K, *[1] * (len(shape) + 1)))
    gradients = (scales * rng.standard_normal((K, B, *shape))).astype("float32")
    return gradients, rng.uniform(0, 1, K).astype("float32")


def norms(gradients):
    return np.sqrt(np.square(gradients.astype("float64")).sum(tuple(range(1, gradients.ndim))))


def run(*args, **kwargs):
    gradient, shares = select(*map(tf.constant, args[:2]), *args[2:], **kwargs)
    return gradient.numpy(), shares.numpy()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rule", NUMPY)
def test_the_gradient_is_bitwise_one_of_them_and_its_index_numpys(rule, seed):
    gradients, strength = problem(seed)
    index = NUMPY[rule](strength, norms(gradients))
    gradient, shares = run(gradients, strength, rule)
    assert gradient.tobytes() == gradients[index].tobytes()
    assert shares.tolist() == np.eye(K)[index].tolist()


@pytest.mark.parametrize(
    "draw, index", [(0.0, 0), (0.2499, 0), (0.25, 1), (0.5, 2), (np.nextafter(1, 0, dtype="f4"), 3)]
)
def test_random_is_bitwise_the_one_that_the_draw_falls_on(draw, index):
    gradients, strength = problem(0)
    gradient, shares = run(gradients, strength, "random", draw=tf.constant(draw, tf.float32))
    assert gradient.tobytes() == gradients[index].tobytes()
    assert shares.tolist() == np.eye(K)[index].tolist()


def test_not_selected_gradients_do_not_touch_the_outcome():
    """0 * g_j would carry an infinity over, and lose the sign of a zero."""
    gradients, _ = problem(0)
    gradients[0], gradients[1, 0, 0] = np.inf, -0.0
    for rule, strength in (("best", [0, 1, 0, 0]), ("worst", [1, 0, 1, 1])):
        gradient, _ = run(gradients, np.float32(strength), rule)
        assert gradient.tobytes() == gradients[1].tobytes()


def test_a_tie_goes_to_the_first():
    gradients = np.stack([problem(0)[0][0]] * K)
    for rule in ("best", "worst", "max_norm", "min_norm"):
        assert run(gradients, np.full(K, 0.5, "float32"), rule)[1].tolist() == [1, 0, 0, 0]


def test_mean_is_the_mean():
    gradients, strength = problem(1)
    gradient, shares = run(gradients, strength, "mean")
    np.testing.assert_allclose(gradient, gradients.mean(0), rtol=1e-5, atol=1e-6)
    assert shares.tolist() == [1 / K] * K


@pytest.mark.parametrize("shape", [(2,), (5, 3, 2)])
def test_per_sample_takes_each_row_from_the_relatively_largest(shape):
    gradients, strength = problem(2, shape)
    rows = np.sqrt(np.square(gradients.astype("float64")).sum(tuple(range(2, gradients.ndim))))
    index = np.argmax(rows / rows.mean(1, keepdims=True), 0)
    assert len(set(index)) > 1
    assert not np.array_equal(index, np.argmax(rows, 0))  # each cost by its own scale, else the loudest always wins
    gradient, shares = run(gradients, strength, "per_sample")
    assert gradient.tobytes() == gradients[index, np.arange(B)].tobytes()
    np.testing.assert_allclose(shares, np.bincount(index, minlength=K) / B, rtol=1e-6)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule != "random"])
def test_permuting_the_discriminators_permutes_the_index_and_not_the_gradient(rule):
    gradients, strength = problem(3)
    order = np.array([2, 0, 3, 1])
    gradient, shares = run(gradients, strength, rule)
    permuted, permuted_shares = run(gradients[order], strength[order], rule)
    if rule == "mean":
        np.testing.assert_allclose(permuted, gradient, rtol=1e-5, atol=1e-6)
    else:
        assert permuted.tobytes() == gradient.tobytes()
    assert permuted_shares.tolist() == shares[order].tolist()


@pytest.mark.parametrize("rule", RULES)
def test_normalize_keeps_the_direction_and_takes_the_mean_norm(rule):
    gradients, strength = problem(4)
    plain, shares = run(gradients, strength, rule, draw=0.6)
    scaled, scaled_shares = run(gradients, strength, rule, draw=0.6, normalize=True)
    assert scaled_shares.tolist() == shares.tolist()
    factor = norms(gradients).mean() / norms(plain[None])[0]
    np.testing.assert_allclose(scaled, factor * plain, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_one_gradient_alone_is_its_own_choice_bit_for_bit(rule, normalize):
    gradients, strength = problem(5)
    gradient, shares = run(gradients[:1], strength[:1], rule, normalize=normalize)
    assert gradient.tobytes() == gradients[0].tobytes()
    assert shares.tolist() == [1.0]


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_gradients_of_zero_give_zero_and_not_nan(rule, normalize):
    gradient, _ = run(np.zeros((K, B, 2), "float32"), np.zeros(K, "float32"), rule, normalize=normalize)
    assert not gradient.any() and not np.isnan(gradient).any()


def on_two_replicas(function):
    """Runs function(replica, mean) for replicas 0 and 1 side by side, `mean` joining them; returns both results."""
    barrier, values = threading.Barrier(2, timeout=60), [None, None]

    def joined(replica):
        def mean(value):
            values[replica] = value
            barrier.wait()
            result = (values[0] + values[1]) / 2
            barrier.wait()
            return result

        return function(replica, mean)

    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        return list(threads.map(joined, range(2)))


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_two_halves_of_a_batch_decide_as_the_whole(rule, normalize):
    gradients, strength = problem(6)
    gradients[:, : B // 2] *= np.float32([1, 50, 1, 1])[:, None, None, None, None]  # the halves alone would not agree
    halves = np.split(gradients, 2, axis=1)
    assert np.argmax(norms(halves[0])) != np.argmax(norms(halves[1]))
    whole, shares = run(gradients, strength, rule, draw=0.3, normalize=normalize)
    parts = on_two_replicas(
        lambda replica, mean: run(halves[replica], strength, rule, draw=0.3, normalize=normalize, mean=mean)
    )
    np.testing.assert_allclose(np.concatenate([gradient for gradient, _ in parts]), whole, rtol=1e-5, atol=1e-6)
    for _, their_shares in parts:
        np.testing.assert_allclose(their_shares, shares, rtol=1e-6)


def test_unknown_rule_is_refused():
    with pytest.raises(ValueError, match=r"selection=bets is unknown \(did you mean best"):
        run(*problem(0), "bets")


# Strengths


NAMES = ("non_saturating", "least_squares", "hinge", "wasserstein")


def logits(seed, rows=64):
    rng = np.random.default_rng(seed)
    real, fake = rng.normal([0.3, 0.8, 0.5, 7.0], 1, (rows, 4)), rng.normal([-0.3, 0.2, -1.0, 5.0], 1, (rows, 4))
    return real.astype("float32"), fake.astype("float32")


def balanced_accuracies(real, fake):
    thresholds = [0, 0.5, 0, (real[:, 3].astype("float64").mean() + fake[:, 3].astype("float64").mean()) / 2]
    return ((real > thresholds).mean(0) + (fake < thresholds).mean(0)) / 2


def test_strength_is_the_balanced_accuracy_at_the_costs_threshold():
    real, fake = logits(0)
    values = strengths([losses.get(name) for name in NAMES], real, fake).numpy()
    np.testing.assert_allclose(values, balanced_accuracies(real, fake), rtol=1e-6)
    assert len(set(values)) == 4 and values.min() > 0.5 and values.max() < 1
    above_zero = ((real > 0).mean(0) + (fake < 0).mean(0)) / 2  # where one threshold for all would differ
    assert np.all(np.abs(above_zero - values)[[1, 3]] > 0.01)


def test_strength_of_a_guess_and_of_a_perfect_one():
    hinge = losses.get("hinge")
    assert strengths([hinge], tf.ones((4, 1)), tf.ones((4, 1))).numpy().tolist() == [0.5]
    assert strengths([hinge], tf.ones((4, 1)), -tf.ones((4, 1))).numpy().tolist() == [1.0]
    assert strengths([hinge], tf.zeros((4, 1)), tf.zeros((4, 1))).numpy().tolist() == [0.0]  # no verdict, no merit


def test_equal_strengths_are_equal_bits():
    """8 of 10 and 8 of 10 tie with 7 of 10 and 9 of 10; 0.7 + 0.9 and 0.8 + 0.8 do not in float32."""
    real = np.where(np.arange(10)[:, None] < [8, 7], 1, -1).astype("float32")
    fake = np.where(np.arange(10)[:, None] < [8, 9], -1, 1).astype("float32")
    one, two = strengths([losses.get("hinge")] * 2, real, fake).numpy()
    assert one == two


def test_strengths_of_two_halves_are_those_of_the_whole():
    real, fake = logits(1)
    fake[32:, 3] += 20  # the halves alone would put the wasserstein threshold elsewhere
    costs = [losses.get(name) for name in NAMES]
    parts = on_two_replicas(
        lambda replica, mean: strengths(costs, real.reshape(2, 32, 4)[replica], fake.reshape(2, 32, 4)[replica], mean)
    )
    whole = strengths(costs, real, fake).numpy()
    assert all(part.numpy().tobytes() == whole.tobytes() for part in parts)
    alone = [strengths(costs, real.reshape(2, 32, 4)[i], fake.reshape(2, 32, 4)[i])[3] for i in range(2)]
    assert abs(np.mean(alone) - whole[3]) > 0.1


def test_strengths_are_constants_to_the_gradient():
    real, fake = map(tf.Variable, logits(2))
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(strengths([losses.get(name) for name in NAMES], real, fake))
    assert tape.gradient(total, [real, fake]) == [None, None]
