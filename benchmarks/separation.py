"""How well D tells its training images from held-out ones, free of the scale of its logits.

    python benchmarks/separation.py RUN_DIR        # prints {"d_auc": ..., "d_gap_sd": ..., ...} as JSON

D's gap, the mean logit on training images less that on held-out ones, has D's scale: a method that halves all logits
halves it. Two numbers without a scale stand beside it: the AUC, the probability that D finds a training image more real
than a held-out one, and the gap over the standard deviation of the logits within the two sets. Both are taken twice: as
D sees images when it trains, but without noise (batch normalisation by the statistics of a batch, which holds images of
one set as in training), and in inference mode (`_inference`), as the tick's `d_train` and `d_heldout` are.
Of particle, whose D has features and no logit, it prints the share of their variance along one direction instead.
"""

import json
import sys

import numpy as np

IMAGES = 2500  # of each set, or all of a smaller one


def auc(train, heldout):
    """Returns the probability that a training image scores above a held-out one; ties count half.

    The Mann-Whitney statistic over the number of pairs: 0.5 is chance, 1 is learnt by heart.

    Args:
        train, heldout: float[n], float[m], scores; higher is more real.

    >>> float(auc([1.0, 3.0], [0.0, 2.0])), float(auc([1.0], [1.0]))
    (0.75, 0.5)
    """
    heldout = np.sort(np.asarray(heldout, float))
    below = np.searchsorted(heldout, train, "left")
    up_to = np.searchsorted(heldout, train, "right")
    return np.mean(below + up_to) / 2 / len(heldout)


def gap_in_deviations(train, heldout):
    """Returns the gap of the means over the pooled standard deviation within the two sets, Cohen's d.

    Args:
        train, heldout: float[n], float[m], scores; n + m > 2.

    Returns:
        float; 0 where the scores do not vary and the means agree, inf with the gap's sign where they do not.

    >>> float(gap_in_deviations([1.0, 3.0], [0.0, 2.0])) == 1 / 2**0.5
    True
    """
    train, heldout = np.asarray(train, float), np.asarray(heldout, float)
    squares = sum(((scores - scores.mean()) ** 2).sum() for scores in (train, heldout))
    gap = train.mean() - heldout.mean()
    if squares == 0:
        return np.sign(gap) * np.inf if gap else 0.0
    return gap / np.sqrt(squares / (len(train) + len(heldout) - 2))


def of_discriminator(score, train, heldout, batch_size):
    """Returns (`auc`, `gap_in_deviations`) of what `score` gives whole batches of the two sets.

    Args:
        score: a function images[batch_size, ...] -> float[batch_size].
        train, heldout: images; what is left of the last batch is not looked at.
    """
    scores = [
        np.concatenate([score(images[i : i + batch_size]) for i in range(0, len(images) - batch_size + 1, batch_size)])
        for images in (train, heldout)
    ]
    return float(auc(*scores)), float(gap_in_deviations(*scores))


def of_run(path):
    """Returns {"d_auc", "d_gap_sd", "d_auc_inference", "d_gap_sd_inference"} of a run's last state.

    Of particle, whose D has features and no logit, it is {"d_top_direction"}, the share of the features' variance that
    lies in one direction: near 1 if they have collapsed. {} with labels.
    """
    import tfgan_zoo
    from tfgan_zoo import data as data_sets
    from tfgan_zoo.layers import perturbing
    from tfgan_zoo.methods.particle import decorrelation
    from tfgan_zoo.training.run_directory import RunDirectory

    config = RunDirectory(path).config()
    if config.conditional:
        return {}
    discriminator = tfgan_zoo.load(path).discriminator
    data = data_sets.load(config.dataset, **config.data_arguments)
    sets = [data.reals(min(IMAGES, size), split)[0] for split, size in _sizes(data)]
    if config.method == "particle":
        return {"d_top_direction": decorrelation.top_direction(discriminator.predict(sets[0], verbose=0))}
    found = {}
    with perturbing(False):
        for training, suffix in ((True, ""), (False, "_inference")):

            def score(images, training=training):
                return discriminator(images, training=training).numpy()[:, 0]

            numbers = of_discriminator(score, *sets, config.batch_size)
            found |= {f"d_auc{suffix}": numbers[0], f"d_gap_sd{suffix}": numbers[1]}
    return found


def _sizes(data):
    return ("train", data.num_train), ("heldout", data.num_heldout)


if __name__ == "__main__":
    print(json.dumps(of_run(sys.argv[1])))
