"""Measures generators by named protocols, the reals' side once for all of them."""

import contextlib
from importlib import metadata

from tfgan_zoo.evaluation import cache, extractors, statistics
from tfgan_zoo.evaluation.protocols import check_count, check_reals
from tfgan_zoo.evaluation.sets import FASHION, DataReference, Fashion, OfClass

PACKAGES = ("tfgan-zoo", "tensorflow", "keras", "tensorflow-gan", "numpy", "pillow")  # those that make a number


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
        leave_out: a function (metric, reason) that is told of each one that cannot be measured, which is then left
            out; None raises.

    Raises:
        ValueError: if a protocol does not go with the images or the reference.
        extractors.Unavailable: if Inception is needed and not available.

    Example:

    >>> from tfgan_zoo import data
    >>> from tfgan_zoo.core.sampler import Sampler
    >>> from tfgan_zoo.evaluation import protocols, sets
    >>> ring = data.load("ring")
    >>> evaluator = Evaluator(protocols.choose(["modes_2500"]), (2,), sets.DataReference(ring))
    >>> class Copy(Sampler):
    ...     latent_dim, image_shape = 2, (2,)
    ...     def sample(self, latents, labels=None):
    ...         return ring.reals(len(latents))[0]
    >>> evaluator.measure(sets.Fakes(Copy(), batch_size=2500))[0]["values"]["modes"]
    8
    """

    def __init__(
        self,
        protocols,
        shape,
        reference=None,
        trained_on=None,
        inception=None,
        extractor=None,
        bar=None,
        leave_out=None,
    ):
        self._shape, self._trained_on, self._bar, self._leave_out = tuple(shape), trained_on, bar, leave_out
        self._references = {name: reference for name in ("train", "heldout", "both", "mixture")}
        self.protocols, self._extractors, self._reals = {}, {}, {}
        for name, protocol in protocols.items():
            with self._or_without(name):
                self._prepare(name, protocol, reference, inception, extractor)
                self.protocols[name] = protocol

    @contextlib.contextmanager
    def _or_without(self, name):
        """Leaves a metric out that cannot be measured, if that is what the user wants."""
        try:
            yield
        except (ValueError, extractors.Unavailable) as error:
            if self._leave_out is None:
                raise
            self._leave_out(name, str(error))

    def _prepare(self, name, protocol, reference, inception, extractor):
        if protocol.reference == "fashion_mnist_10k":
            self._references.setdefault("fashion_mnist_10k", Fashion())
        elif protocol.reference != "none" and reference is None:
            raise ValueError(f"metrics={name} compares with reals: name them with --dataset or --reals")
        if protocol.labels == "each" and not self._classes(protocol):
            raise ValueError(f"metrics={name} compares with reals of each class: name a data set that has labels")
        self._check_counts(name, protocol)
        key = _key(protocol)
        if key not in self._extractors:
            self._extractors[key] = extractors.get(*key, self._shape, inception, extractor)

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
        results, of = [], {"first_seed": first_seed, "fakes_sha256": fakes.checksum()}
        for name, found in self._statistics_of_fakes(fakes).items():
            with self._or_without(name):  # one may be about more images than there are
                results.append(self._measured(name, fakes, found) | of)
        return results

    def _measured(self, name, fakes, found):
        """Returns the result of one metric on the statistics of the fakes."""
        protocol = self.protocols[name]
        for one in found:
            check_count(name, protocol, one["count"])
        if protocol.labels == "drawn":
            found = [found[0] | {"labels": fakes.labels(0, found[0]["count"])}]
        reals = self.statistics_of_reals(protocol)
        try:
            values = protocol.function(*reals, found if protocol.labels == "each" else found[0])
        except ValueError as error:  # about sets that no arithmetic can be done with
            raise ValueError(f"metrics={name} {error}") from None
        if protocol.discriminator:
            values |= fakes.discriminator_gap(self._references["both"])
        return self._result(name, protocol, values, found, reals)

    def _statistics_of_fakes(self, fakes):
        """Returns {metric: [statistics]}, in the metrics' order: one of all fakes, or one a class."""
        each = {}
        for name in (name for name, protocol in self.protocols.items() if protocol.labels == "each"):
            with self._or_without(name):
                each[name] = self._classes_of(name, fakes)
        found = {name: [] for name, protocol in self.protocols.items() if protocol.labels != "each" or name in each}
        parts = [("fakes", fakes, [name for name in found if name not in each])]
        for label in range(max(each.values(), default=0)):
            names = [name for name, classes in each.items() if label < classes]
            parts.append((f"fakes, class {label}", fakes.of_class(label), names))
        for what, part, names in parts:
            requests = {name: _request(self.protocols[name], self.protocols[name].fakes) for name in names}
            if not requests:
                continue
            counts = [count for *_, count in requests.values()]
            longest = None if None in counts else max(counts)
            with self._progress(what, longest) as progress:
                batches = part.batches(longest)
                gathered = statistics.gather(batches, self._extractors, set(requests.values()), progress)
            for name, request in requests.items():
                found[name].append(gathered[request])
        return found

    def _result(self, name, protocol, values, fakes, reals):
        extractor = self._extractors[_key(protocol)]
        result = {
            "metric": name,
            "values": values,
            "headline": protocol.headline,
            "better": protocol.better,
            "fakes": sum(one["count"] for one in fakes),
            "extractor": extractor.describe() if extractor.checksum else None,
            "resize": protocol.resize,
            "reference": self._counts(protocol, reals),
            "reference_sha256": self._checksums(protocol),
            "protocol": protocol.record(),
            "versions": {package: metadata.version(package) for package in PACKAGES},
        }
        notes = self._notes(protocol, [*reals, *fakes])
        return result | ({"note": "; ".join(notes)} if notes else {})

    def _notes(self, protocol, sets):
        """Returns what keeps a number from being read as others of its name are."""
        notes = []
        if protocol.reference == FASHION == self._trained_on:
            notes.append("train split")  # nine tenths of the reference trained the model
        if self._extractors[_key(protocol)].name.endswith(extractors.ON_WHITE):
            notes.append("RGBA seen on white")
        moments = protocol.statistics == "moments"
        if moments or protocol.metric.startswith("frechet"):
            width = sets[-1]["mean" if moments else "rows"].shape[-1]
            few = min(one["count"] for one in sets)
            if few <= width:
                notes.append(f"{few} images for {width} features: their covariance has not full rank")
        return notes

    def _counts(self, protocol, reals):
        """Returns {set: how many of it}; nothing where fakes are held against no samples."""
        counts = {}
        for (reference, split), found in zip(self._sets(protocol), reals, strict=False):
            name = reference.describe(split)
            counts[name] = counts.get(name, 0) + found["count"]
        return counts

    def _checksums(self, protocol):
        """Returns {set: SHA-256 of what identifies it}, for the sets of `_counts`."""
        reference = self._references.get(protocol.reference)
        names = {split: one.describe(split) for one, split in self._sets(protocol)}
        return {name: cache.key(**reference.identity(split)) for split, name in names.items()}

    def _check_counts(self, name, protocol):
        if protocol.reference == "both" and not self._references["both"].splits:
            raise ValueError(f"metrics={name} needs training and held-out images, which --reals does not tell apart")
        if protocol.reference in ("train", "heldout", "both"):
            for split in _splits(protocol):
                check_reals(name, protocol, split, self._references[protocol.reference].available(split))

    def statistics_of_reals(self, protocol):
        """Returns [statistics], one a set of reals, or a mixture's centres and standard deviation."""
        if protocol.reference == "mixture":
            mixture = self._references["mixture"].data.mixture
            return [mixture.centres, mixture.std]
        return [self._statistics(reference, split, protocol) for reference, split in self._sets(protocol)]

    def _sets(self, protocol):
        """Returns [(reference, split)], the sets of reals that fakes are held against."""
        if protocol.reference in ("none", "mixture"):
            return []
        reference = self._references[protocol.reference]
        if protocol.labels == "each":
            return [(OfClass(reference, label), "train") for label in range(self._classes(protocol))]
        return [(reference, split) for split in _splits(protocol)]

    def _classes(self, protocol):
        """Returns how many classes a protocol that asks for "each" has: its own number, or the reals'; 0 for none."""
        if protocol.classes is not None:
            return protocol.classes
        reference = self._references[protocol.reference]
        return reference.data.num_classes if isinstance(reference, DataReference) else 0

    def _classes_of(self, name, fakes):
        """Returns how many classes a metric asks fakes for, which must be as many as they have."""
        classes = self._classes(self.protocols[name])
        if fakes.num_classes != classes:
            raise ValueError(f"metrics={name}: the data set has {classes} classes, and the model {fakes.num_classes}")
        return classes

    def _statistics(self, reference, split, protocol):
        key = _key(protocol)
        extractor = self._extractors[key]
        count = reference.available(split)
        count = count if protocol.reals is None else min(count, protocol.reals)
        name = cache.key(
            set=reference.identity(split),
            extractor=[extractor.name, extractor.checksum, *key],
            kind=protocol.statistics,
            count=count,
        )
        if name not in self._reals:
            stored = cache.read(name)
            if stored is None:
                request = _request(protocol, count)
                with self._progress(f"reals, {reference.describe(split)}", count) as progress:
                    batches = reference.batches(split, count)
                    stored = statistics.gather(batches, {key: extractor}, {request}, progress)[request]
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


def _request(protocol, count):
    return _key(protocol), protocol.statistics, count


def _splits(protocol):
    return {"both": ("train", "heldout"), "heldout": ("heldout",)}.get(protocol.reference, ("train",))
