"""Does a conditional model give what it is asked for? A classifier's answers against the labels."""

from tfgan_zoo.evaluation.metrics import on_fashion
from tfgan_zoo.evaluation.per_class import per_class


def accuracy(fakes):
    """{"accuracy", "class_0", ...}: the share of fakes whose largest logit is their label's; None for an absent class.

    Args:
        fakes: {"rows": logits[N, classes], "labels": int[N]}.
    """
    hits = fakes["rows"].argmax(axis=1) == fakes["labels"]
    of_classes = [hits[fakes["labels"] == label] for label in range(fakes["rows"].shape[1])]
    shares = [float(of_class.mean()) if len(of_class) else None for of_class in of_classes]
    return per_class("accuracy", shares) | {"accuracy": float(hits.mean())}


PROTOCOLS = {
    "accuracy_fashion_10k": on_fashion(
        metric="accuracy",
        function=accuracy,
        statistics="logits",
        summary="share of a conditional model's fakes that the fashion classifier gives their label",
        reference="none",
        better="higher",
        headline="accuracy",
        labels="drawn",
        classes=10,
    )
}
