"""Measures generators by named protocols, the reals' side once for all of them."""

import dataclasses
from importlib import metadata

from tfgan_zoo.evaluation import cache, extractors, statistics
from tfgan_zoo.evaluation.metrics import METRICS
from tfgan_zoo.evaluation.protocols import check_count
from tfgan_zoo.evaluation.sets import FASHION, Fashion

PACKAGES = ("tfgan-zoo", "tensorflow", "keras", "tensorflow-gan", "numpy", "pillow")  # those that make a number
RUN_STRIDE = 10_000_000  # seeds between two runs: no protocol takes as many


class Evaluator:
    """Measures one set of fakes after another against the same reals.

    Args:
        protocols: {name: Protocol}, as `protocols.choose` returns them.
        shape: (H, W, C) of the images, (d,) of a mixture's points.
        reference: a `DataReference` or `FilesReference`; None if no protocol needs the model's own data.
        trained_on: str, the name of the data set the model was trained on, which a result mentions where the
            reference holds the same images.
        inception, extractor: paths, see `extractors.get`.
        bar: a function (what, total) -> a context manager with `update(n)`, a progress bar; None shows nothing.

    Raises:
        ValueError: if a protocol does not go with the images or the reference.
        extractors.Unavailable: if Inception is needed and cannot be had.

    Example:

    >>> from tfgan_zoo import data
    >>> from tfgan_zoo.evaluation import protocols, sets
    >>> ring = data.load("ring")
    >>> evaluator = Evaluator(protocols.choose(["modes_2500"]), (2,), sets.DataReference(ring))
    >>> class Copy:
    ...     def generate(self, num, seed, batch_size):
    ...         return ring.reals(num)[0]
    >>> evaluator.measure(sets.Fakes(Copy(), batch_size=2500))[0]["values"]["modes"]
    8
    """

    def __init__(self, protocols, shape, reference=None, trained_on=None, inception=None, extractor=None, bar=None):
        self.protocols, self._shape, self._trained_on, self._bar = protocols, tuple(shape), trained_on, bar
        self._references = {name: reference for name in ("train", "heldout", "both", "mixture")}
        for name, protocol in protocols.items():
            if protocol.reference == "fashion_mnist_10k":
                self._references.setdefault("fashion_mnist_10k", Fashion())
            elif protocol.reference != "none" and reference is None:
                raise ValueError(f"metrics={name} compares with reals: name them with --dataset or --reals")
            self._check_counts(name, protocol)
        self._extractors = {
            key: extractors.get(*key, self._shape, inception, extractor)
            for key in dict.fromkeys(map(_key, protocols.values()))
        }
        self._reals = {}

    @property
    def length(self):
        """How many fakes the longest protocol takes; None if one takes all there are."""
        counts = [protocol.fakes for protocol in self.protocols.values()]
        return None if None in counts else max(counts)

    def measure(self, fakes, first_seed=0):
        """Measures one set of fakes.

        Args:
            fakes: an object whose `batches(num)` yields uint8[n, H, W, C] (or float[n, d]).
            first_seed: int, for the record.

        Returns:
            A list of results, one a protocol: {"metric", "values", "protocol", ...}, ready for JSON.

        Raises:
            ValueError: if there are fewer images than a protocol takes, or samples or features are not finite.
        """
        wanted = {(_key(it), _kind(it), it.fakes) for it in self.protocols.values()}
        with self._progress("fakes", self.length) as progress:
            found = statistics.gather(fakes.batches(self.length), self._extractors, wanted, progress)
        results, of = [], {"first_seed": first_seed, "fakes_sha256": fakes.checksum()}
        for name, protocol in self.protocols.items():
            statistic = found[_key(protocol), _kind(protocol), protocol.fakes]
            check_count(name, protocol, statistic["count"])
            reals = self.statistics_of_reals(protocol)
            values = METRICS[protocol.metric][1](*reals.values(), statistic)
            if protocol.metric == "memorization":
                values |= fakes.discriminator_gap(self._references["both"])
            results.append(self._result(name, protocol, values, statistic, reals) | of)
        return results

    def _result(self, name, protocol, values, statistic, reals):
        extractor = self._extractors[_key(protocol)]
        result = {
            "metric": name,
            "values": values,
            "headline": protocol.headline,
            "better": protocol.better,
            "fakes": statistic["count"],
            "extractor": extractor.describe() if extractor.checksum else None,
            "resize": protocol.resize,
            "reference": self._counts(protocol, reals),
            "reference_sha256": self._checksums(protocol),
            "protocol": {key: value for key, value in dataclasses.asdict(protocol).items() if key != "summary"},
            "versions": {package: metadata.version(package) for package in PACKAGES},
        }
        notes = self._notes(protocol, reals, statistic)
        return result | ({"note": "; ".join(notes)} if notes else {})

    def _notes(self, protocol, reals, statistic):
        """Returns what keeps a number from being read as others of its name are."""
        notes = []
        if protocol.reference == FASHION == self._trained_on:
            notes.append("train split")  # nine tenths of the reference trained the model
        if protocol.metric == "frechet":
            width = len(statistic["mean"])
            few = min(one["count"] for one in (statistic, *reals.values()))
            if few <= width:
                notes.append(f"{few} images for {width} features: their covariance has not full rank")
        return notes

    def _counts(self, protocol, reals):
        """Returns {set: how many of it}; nothing where fakes are held against no samples."""
        if protocol.reference in ("none", "mixture"):
            return {}
        reference = self._references[protocol.reference]
        return {reference.describe(split): found["count"] for split, found in reals.items()}

    def _checksums(self, protocol):
        """Returns {set: SHA-256 of what identifies it}, for the sets of `_counts`."""
        if protocol.reference in ("none", "mixture"):
            return {}
        reference = self._references[protocol.reference]
        return {reference.describe(split): cache.key(**reference.identity(split)) for split in _splits(protocol)}

    def _check_counts(self, name, protocol):
        if protocol.reference == "both" and not self._references["both"].splits:
            raise ValueError(f"metrics={name} needs training and held-out images, which --reals does not tell apart")
        if protocol.reference in ("train", "heldout", "both"):
            for split in _splits(protocol):
                if not self._references[protocol.reference].available(split):
                    raise ValueError(f"metrics={name} compares with {split} images, of which there are none")

    def statistics_of_reals(self, protocol):
        """Returns {split: statistics}, or a mixture's centres."""
        if protocol.reference == "none":
            return {}
        reference = self._references[protocol.reference]
        if protocol.reference == "mixture":
            return {"centres": reference.data.mixture.centres, "std": reference.data.mixture.std}
        return {split: self._statistics(reference, split, protocol) for split in _splits(protocol)}

    def _statistics(self, reference, split, protocol):
        key, kind = _key(protocol), _kind(protocol)
        extractor = self._extractors[key]
        count = reference.available(split)
        count = count if protocol.reals is None else min(count, protocol.reals)
        name = cache.key(
            set=reference.identity(split), extractor=[extractor.name, extractor.checksum, *key], kind=kind, count=count
        )
        if name not in self._reals:
            stored = cache.read(name)
            if stored is None:
                wish = (key, kind, count)
                with self._progress(f"reals, {reference.describe(split)}", count) as progress:
                    batches = reference.batches(split, count)
                    stored = statistics.gather(batches, {key: extractor}, {wish}, progress)[wish]
                cache.write(name, stored)
            self._reals[name] = stored
        return self._reals[name]

    def _progress(self, what, total):
        return _Silent() if self._bar is None else _Bar(self._bar(what, total))


class _Bar:
    def __init__(self, bar):
        self._bar = bar

    def __enter__(self):
        return self._bar.update

    def __exit__(self, *error):
        self._bar.close()


class _Silent:
    def __enter__(self):
        return None

    def __exit__(self, *error):
        return None


def _key(protocol):
    return protocol.extractor, protocol.resize


def _kind(protocol):
    return METRICS[protocol.metric][0]


def _splits(protocol):
    return {"both": ("train", "heldout"), "heldout": ("heldout",)}.get(protocol.reference, ("train",))
