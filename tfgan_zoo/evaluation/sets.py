"""The sets that metrics compare, as batches: fakes of a model, reals of a data set, images in files."""

import functools

import numpy as np

from tfgan_zoo import data as datasets
from tfgan_zoo import pictures, random
from tfgan_zoo.core.gan import GAN

FASHION = "fashion_mnist_10k"
ENDLESS = 50_000
_SOME_CLASSES = 10  # so many rows are read for one of a class, so that batches are of a decent size


class Fakes:
    """What a model samples, from one seed on.

    Args:
        model: a `core.sampler.Sampler`.
        seed: int, the first sample's seed.
        batch_size: int, samples computed at once.
        labels: int, the class of all of them, of a conditional model; None lets every seed draw its own.
    """

    def __init__(self, model, seed=0, batch_size=64, labels=None):
        self._model, self._seed, self._size, self._label = model, seed, batch_size, labels

    @property
    def num_classes(self):
        """How many classes the model can be asked for; 0 without labels."""
        return self._model.num_classes

    def of_class(self, label):
        """Returns the fakes of one class of a conditional model: the same seeds, all with this label."""
        return Fakes(self._model, self._seed, self._size, label)

    def labels(self, start, num):
        """Returns int32[num], the labels of the fakes from number `start` on; None for a model without labels."""
        classes = self._model.num_classes
        if not classes:
            return None
        if self._label is not None:
            return np.full(num, self._label, "int32")
        return random.labels_from_seeds(np.arange(num) + self._seed + start, classes).numpy()

    def batches(self, num):
        """Yields uint8[n, H, W, C] as a PNG would hold them (mixtures: float[n, d]), `num` in all."""
        for start in range(0, num, self._size):
            size = min(self._size, num - start)
            labels = self.labels(start, size)  # named, for a served model draws none
            images = self._model.generate(size, self._seed + start, batch_size=self._size, labels=labels)
            if not np.isfinite(images).all():
                raise ValueError(f"the model's samples of the seeds from {self._seed + start} on are not all finite")
            yield pictures.to_levels(images) if images.ndim == 4 else images

    def checksum(self):
        """Returns the SHA-256 of the weights of the network that samples; None of a served or exported model."""
        return self._model.checksum()

    def discriminator_gap(self, reference, num=1000):
        """Returns {"d_gap": D on training reals - D on held-out ones}, {} for a model without a discriminator.

        `num` reals of each split are taken, or as many as there are; D stands in inference mode. A conditional D
        needs the reals' labels, which images in files do not have: {} again.
        """
        conditional = bool(self._model.num_classes)
        if not isinstance(self._model, GAN) or (conditional and not isinstance(reference, DataReference)):
            return {}
        outputs = []
        for split in ("train", "heldout"):
            count = min(num, reference.available(split))
            images = np.concatenate(list(reference.batches(split, count))).astype("float32") / 127.5 - 1
            labels = reference.data.reals(count, split)[1] if conditional else None
            outputs.append(self._model.discriminator_outputs(images, labels))
        train, heldout, _ = self._model.mean_scores(*outputs, outputs[1])
        return {"d_gap": float(train) - float(heldout)}


class FileFakes:
    """Fakes that lie in files.

    Args:
        files: a `files.ImageFiles`.
    """

    def __init__(self, files):
        self._files = files

    def batches(self, num):
        """Yields uint8[n, H, W, C], at most `num` in all; None is all of them."""
        return FilesReference(self._files).batches("train", self._files.count if num is None else num)

    def checksum(self):
        """Returns the SHA-256 of the images."""
        return self._files.fingerprint()

    def discriminator_gap(self, reference):
        """Returns {}: there is no discriminator."""
        return {}


class DataReference:
    """The reals of a data set.

    Args:
        data: a `tfgan_zoo.data.Data`.
    """

    splits = True  # whether training and held-out images are told apart

    def __init__(self, data):
        self.data = data

    def available(self, split):
        """Returns how many reals a split has; of a set without an end, `ENDLESS` are taken."""
        count = {"train": self.data.num_train, "heldout": self.data.num_heldout}[split]
        return ENDLESS if count is None else count

    def batches(self, split, num, size=256):
        """Yields uint8[n, H, W, C], the first `num` of a split."""
        yield from (levels for levels, _ in self.labelled(split, num, size))

    def labelled(self, split, num, size=256):
        """Yields (uint8[n, H, W, C], int[n]), the first `num` of a split with their labels."""
        for images, labels in self.data.chunks(num, split, size):
            yield np.round((images + 1) * 127.5).astype("uint8"), labels

    def identity(self, split):
        """Returns what tells this set from any other."""
        data = self.data
        known = {name: getattr(data, name) for name in ("name", "shape", "num_train", "num_heldout")}
        return known | {"split": split, "fingerprint": data.fingerprint}

    def describe(self, split):
        """Returns the name that stands in a result: "fashion_mnist/train[:50%]" where only so much trains."""
        part = self.data.split if split == "train" and self.data.split else split
        return f"{self.data.name}/{part}"


class FilesReference:
    """The images of a `files.ImageFiles`, whatever the split.

    Args:
        files: an `ImageFiles`.
    """

    splits = False

    def __init__(self, files):
        self.files = files
        self._fingerprint = None

    def available(self, split):
        """Returns how many images there are."""
        return self.files.count

    def batches(self, split, num, size=256):
        """Yields uint8[n, H, W, C], the first `num` by name."""
        for batch in self.files.batches(size):
            yield batch[:num]
            num -= len(batch)
            if num <= 0:
                return

    def identity(self, split):
        """Returns what tells this set from any other."""
        self._fingerprint = self._fingerprint or self.files.fingerprint()  # it reads every file
        return {"files": self._fingerprint, "shape": self.files.shape}

    def describe(self, split):
        """Returns the name that stands in a result."""
        return str(self.files.path)


class Fashion:
    """The 10,000 embedded images of clothes, training and held-out ones together: Fashion-MNIST's test images."""

    def __init__(self):
        data = datasets.load(FASHION)
        self._reference, self._data = DataReference(data), data

    def available(self, split):
        """Returns 10,000."""
        return self._data.num_train + self._data.num_heldout

    def batches(self, split, num, size=256):
        """Yields uint8[n, 32, 32, 1], those that `fashion_mnist_10k` trains on first."""
        yield from (levels for levels, _ in self.labelled(split, num, size))

    def labelled(self, split, num, size=256):
        """Yields (uint8[n, 32, 32, 1], int[n]), the same with their labels."""
        for levels, labels in self._all:
            for start in range(0, len(labels), size):
                yield levels[start : start + size], labels[start : start + size]

    @functools.cached_property
    def _all(self):
        """Both splits, whole: 10 MiB, and every class is looked for in them."""
        sizes = {"train": self._data.num_train, "heldout": self._data.num_heldout}
        return [next(self._reference.labelled(split, num, num)) for split, num in sizes.items()]

    def identity(self, split):
        """Returns what tells this set from any other."""
        return {"dataset": FASHION, "split": "all"}

    def describe(self, split):
        """Returns the name that stands in a result."""
        return f"{FASHION}/all"


class OfClass:
    """The reals of one class.

    Args:
        reference: a `DataReference` or `Fashion`.
        label: int.
    """

    def __init__(self, reference, label):
        self._reference, self._label = reference, label

    def available(self, split):
        """Returns how many there can be at most: how many reals the split has of all classes."""
        return self._reference.available(split)

    def batches(self, split, num, size=256):
        """Yields uint8[n, H, W, C], the first `num` of the class, or as many as there are."""
        for levels, labels in self._reference.labelled(split, self.available(split), _SOME_CLASSES * size):
            of_class = levels[labels == self._label][:num]
            if len(of_class):
                yield of_class
            num -= len(of_class)
            if num <= 0:
                return

    def identity(self, split):
        """Returns what tells this set from any other."""
        return {"of": self._reference.identity(split), "label": self._label}

    def describe(self, split):
        """Returns the name of the whole set, which stands in a result."""
        return self._reference.describe(split)
