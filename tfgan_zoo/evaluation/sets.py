"""The sets that metrics compare, as batches: fakes of a model, reals of a data set, images in files."""

import hashlib

import numpy as np

from tfgan_zoo import data as datasets
from tfgan_zoo import pictures

FASHION = "fashion_mnist_10k"
ENDLESS = 50_000


class Fakes:
    """What a model samples, from one seed on.

    Args:
        model: anything with `generate(num, seed, batch_size=)` and `image_shape`.
        seed: int, the first sample's seed.
        batch_size: int, samples computed at once.
        labels: int, the class of all of them, of a conditional model; None lets every seed draw its own.
    """

    def __init__(self, model, seed=0, batch_size=64, labels=None):
        self._model, self._seed, self._size = model, seed, batch_size
        self._labels = {} if labels is None else {"labels": labels}

    def batches(self, num):
        """Yields uint8[n, H, W, C] as a PNG would hold them (mixtures: float[n, d]), `num` in all."""
        for start in range(0, num, self._size):
            size = min(self._size, num - start)
            images = self._model.generate(size, self._seed + start, batch_size=self._size, **self._labels)
            if not np.isfinite(images).all():
                raise ValueError(f"the model's samples of the seeds from {self._seed + start} on are not all finite")
            yield pictures.to_levels(images) if images.ndim == 4 else images

    def checksum(self):
        """Returns the SHA-256 of the weights of the network that samples; None of a served or exported model."""
        if not hasattr(self._model, "sampler"):
            return None
        digest = hashlib.sha256()
        for weight in self._model.sampler.weights:
            digest.update(np.ascontiguousarray(weight.numpy()))
        return digest.hexdigest()

    def discriminator_gap(self, reference, num=1000):
        """Returns {"d_gap": D on training reals - D on held-out ones}, {} for a model without a discriminator.

        `num` reals of each split are taken, or as many as there are; D stands in inference mode. A conditional D
        needs the reals' labels, which images in files do not have: {} again.
        """
        conditional = bool(getattr(self._model, "num_classes", 0))
        if not hasattr(self._model, "judge") or (conditional and not isinstance(reference, DataReference)):
            return {}
        outputs = []
        for split in ("train", "heldout"):
            count = min(num, reference.available(split))
            images = np.concatenate(list(reference.batches(split, count))).astype("float32") / 127.5 - 1
            labels = reference.data.reals(count, split)[1] if conditional else None
            outputs.append(self._model.judged_outputs(images, labels))
        train, heldout, _ = self._model.judge(*outputs, outputs[1])
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
        for images, _ in self.data.chunks(num, split, size):
            yield np.round((images + 1) * 127.5).astype("uint8")

    def identity(self, split):
        """Returns what tells this set from any other."""
        data = self.data
        known = {name: getattr(data, name) for name in ("name", "shape", "num_train", "num_heldout")}
        return known | {"split": split, "fingerprint": data.fingerprint}

    def describe(self, split):
        """Returns the name that stands in a result."""
        return f"{self.data.name}/{split}"


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
        yield from self._reference.batches("train", self._data.num_train, size)
        yield from self._reference.batches("heldout", self._data.num_heldout, size)

    def identity(self, split):
        """Returns what tells this set from any other."""
        return {"dataset": FASHION, "split": "all"}

    def describe(self, split):
        """Returns the name that stands in a result."""
        return f"{FASHION}/all"
