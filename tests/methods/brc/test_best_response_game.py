"""The games of benchmarks/best_response_game.py: their gradients, and what is exact in them."""

import math
import pathlib
import sys

import numpy as np
import pytest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[3] / "benchmarks"))  # scripts, not a package

import best_response_game as games


@pytest.mark.parametrize("zero_sum", [False, True])
def test_the_exact_gradient_is_that_of_the_upper_level_at_the_best_response(zero_sum):
    game, x, h = games.Game(3, 0, zero_sum), np.array([0.3, -1.0, 2.0]), 1e-6

    def upper(x):
        answer = game.b @ x  # where f is 0
        return x @ x / 2 if zero_sum else (answer - game.a) @ (answer - game.a) / 2

    numeric = [(upper(x + h * e) - upper(x - h * e)) / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(game.exact(x), numeric, atol=1e-6)
    np.testing.assert_allclose(game.exact(game.solution), 0, atol=1e-9)


def test_c_undoes_in_a_zero_sum_game_what_the_temporary_steps_left():
    x = np.array([0.3, -1.0, 2.0])
    np.testing.assert_allclose(games.Game(3, 1, True).estimate(x, math.inf), x, atol=1e-5)
    assert np.abs(games.Game(3, 1, True).estimate(x, 0.0) - x).max() > 0.1


def test_without_c_nothing_is_known_of_an_upper_level_that_sees_the_answer_alone():
    assert games.play(4, 0, False, 0.0) == (0.0, 1.0)
    cosine, left = games.play(1, 0, False, math.inf)
    assert cosine == pytest.approx(1.0) and left < 0.5


def test_the_implicit_term_is_the_projection_on_the_lower_levels_gradient():
    game, x = games.Game(5, 2, False), np.ones(5)
    twin = games.Game(5, 2, False)  # whose next draw is the same
    y = twin.b @ x + (1 - games.INNER_RATE) ** games.STEPS * twin._rng.normal(size=5)
    direction = (y - twin.b @ x) / np.linalg.norm(y - twin.b @ x)
    expected = twin.b.T @ (direction * (direction @ (y - twin.a)))
    np.testing.assert_allclose(game.estimate(x, math.inf), expected, rtol=1e-4)
