"""The classifier score, on Inception the inception score: are samples decided, and varied?"""

import numpy as np

from tfgan_zoo.evaluation import tfgan_metrics
from tfgan_zoo.evaluation.metrics import of_files, on_inception

SPLITS = 10


def classifier_score(fakes):
    """{"score", "score_std"}: mean and deviation of `tfgan_metrics.classifier_score` over ten splits of the logits."""
    splits = np.array_split(fakes["rows"], min(SPLITS, len(fakes["rows"])))
    scores = [tfgan_metrics.classifier_score(split) for split in splits]
    return {"score": float(np.mean(scores)), "score_std": float(np.std(scores))}


PROTOCOLS = {
    "is_50k": on_inception(
        metric="classifier_score",
        function=classifier_score,
        statistics="logits",
        summary="classifier score of Inception's logits, mean of ten splits (Salimans et al. 2016)",
        fakes=50_000,
        reference="none",
        reals=None,
        better="higher",
        headline="score",
    )
}
PROTOCOLS["is_all"] = of_files(PROTOCOLS["is_50k"], "is")
