"""What brc's c adds to temporary steps, in games whose best response is known.

    python benchmarks/best_response_game.py

The lower level is f(x, y) = |y - Bx|^2 / 2, so the best response is y = Bx, and y takes `STEPS` gradient steps towards
it from a random start, as D takes its temporary ones. The upper level is F(x, y) = |y - a|^2 / 2, whose gradient at the
best response is B^T (Bx - a), all of it implicit: F does not see x. In the zero-sum game F is -f + |x|^2 / 2. A table
row is a game of n numbers in x and in y: the cosine of the first estimate with the exact gradient, and how near x comes
to the solution in `UPDATES` updates, as a share of where it began; means over `SEEDS` games.
"""

import math

import numpy as np
import tensorflow as tf

from tfgan_zoo.methods.brc import best_response

SIZES, SEEDS, UPDATES, STEPS, RATE, INNER_RATE = (1, 2, 8, 32, 128), 20, 200, 3, 0.1, 0.2
CLAMPS = {"temporary steps alone": 0.0, "c within 0.1": 0.1, "c within 1": 1.0, "c without a bound": math.inf}


class Game:
    """min over x of F(x, y) subject to y = Bx, of n numbers each, with the gradients of both levels."""

    def __init__(self, n, seed, zero_sum):
        self._rng = np.random.default_rng([n, seed])
        self.b, _ = np.linalg.qr(self._rng.normal(size=(n, n)))
        self.a, self.start, self._zero_sum = self._rng.normal(size=n), self._rng.normal(size=n), zero_sum
        self.solution = np.zeros(n) if zero_sum else self.b.T @ self.a

    def exact(self, x):
        """The gradient of x -> F(x, Bx)."""
        return x if self._zero_sum else self.b.T @ (self.b @ x - self.a)

    def estimate(self, x, clamp):
        """The gradient that brc takes, after temporary steps from a random y."""
        y = self.b @ x + self._rng.normal(size=x.size)
        for _ in range(STEPS):
            y -= INNER_RATE * (y - self.b @ x)
        residual = y - self.b @ x
        lower_x, lower_y = -self.b.T @ residual, residual
        upper_x = x - lower_x if self._zero_sum else np.zeros_like(x)
        upper_y = -lower_y if self._zero_sum else y - self.a
        c, _ = best_response.coefficient(*(tf.constant(it, tf.float32) for it in (upper_y, lower_y)), clamp=clamp)
        return best_response.implicit_gradient(*map(tf.constant, (upper_x, lower_x)), c).numpy()


def play(n, seed, zero_sum, clamp):
    """Returns (cosine with the exact gradient at the start, |x - solution| at the end over that at the start)."""
    game = Game(n, seed, zero_sum)
    x = game.start
    estimate, exact = game.estimate(x, clamp), game.exact(x)
    norms = np.linalg.norm(estimate) * np.linalg.norm(exact)
    cosine = estimate @ exact / norms if norms else 0.0
    for _ in range(UPDATES):
        x = x - RATE * game.estimate(x, clamp)
    return cosine, np.linalg.norm(x - game.solution) / np.linalg.norm(game.start - game.solution)


def main():
    print(f"| game | n | {' | '.join(CLAMPS)} |")
    print(f"|---|---|{'---|' * len(CLAMPS)}")
    for name, zero_sum in (("implicit", False), ("zero-sum", True)):
        for n in SIZES:
            cells = []
            for clamp in CLAMPS.values():
                cosine, left = np.mean([play(n, seed, zero_sum, clamp) for seed in range(SEEDS)], axis=0)
                cells.append(f"{cosine:+.2f}, {left:.2f} left")
            print(f"| {name} | {n} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
