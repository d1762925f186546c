"""A served generator, used as if it were here."""

import io
import math
import numbers
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from tfgan_zoo import random, transparency
from tfgan_zoo.core.sampler import Sampler, at_least
from tfgan_zoo.serving.addresses import check_server, is_server
from tfgan_zoo.serving.answers import check_signatures, most_bytes
from tfgan_zoo.serving.transport import Grpc, Rest, ServingError

_BACK_OFF = 0.2  # seconds before the second try; each further pause is twice as long
_LONGEST = 2.0  # seconds between two looks whether the model is served
_MOST_SECONDS = 10**6  # of one request: gRPC takes what is much longer for a time that is over
_LAST_TRY = 2.0  # seconds that the last request has at least, so that a busy server can answer it


class Client(Sampler):
    """Samples a generator that TensorFlow Serving holds.

    It is a `core.sampler.Sampler`: image i of `generate` is the image of seed `seed + i`, a batch a request. Images
    travel as PNG, some twenty times smaller than numbers in JSON, so they come in 256 levels; `png=False` asks for
    floats. What a server would refuse is refused here first, since one bad request fails all that were batched with it.

    Args:
        url: "http://HOST:8501/v1/models/NAME" (REST) or "grpc://HOST:8500/NAME".
        timeout: float in (0, 1e6], seconds that one request may take.
        tries: int >= 1, how often a request is sent while the server is unavailable, with growing pauses.
        png: bool, whether images travel as PNG.
        pause: a function that waits for a number of seconds; None is `time.sleep`.

    Raises:
        ValueError: if `url` is of neither kind, or another argument out of its range.

    Example:

    >>> client = Client("http://localhost:8501/v1/models/pconv")
    >>> client.wait(60)  # doctest: +SKIP
    >>> client.generate(num=16, seed=0).shape  # doctest: +SKIP
    (16, 32, 32, 1)
    """

    def __init__(
        self,
        url: str,
        timeout: float = 30.0,
        tries: int = 5,
        png: bool = True,
        pause: Callable[[float], Any] | None = None,
    ) -> None:
        if not is_server(url):
            raise ValueError(f"url={url} must be http://HOST:8501/v1/models/NAME or grpc://HOST:8500/NAME")
        check_server(url, "url")
        if not _is_number(timeout) or not 0 < timeout <= _MOST_SECONDS:
            raise ValueError(f"timeout={timeout!r} must be seconds, above 0 and at most {_MOST_SECONDS}")
        self.url = url
        self._transport = (Grpc if url.startswith("grpc") else Rest)(url)
        self._timeout, self._tries, self._png = timeout, at_least("tries", tries, 1), png
        self._pause = time.sleep if pause is None else pause
        self._signatures: dict[str, Any] | None = None
        self._class_names: tuple[str, ...] | None = None

    def wait(self, seconds: float = 60.0) -> None:
        """Waits until the model is served.

        Raises:
            ServingError: if it is not within `seconds`.

        >>> Client("http://localhost:1/v1/models/clothes").wait(0)
        Traceback (most recent call last):
            ...
        tfgan_zoo.serving.transport.ServingError: ...
        """
        if not _is_number(seconds) or math.isnan(seconds):
            raise ValueError(f"seconds={seconds!r} must be a number")
        until, pause = time.monotonic() + seconds, _BACK_OFF
        while True:
            try:
                if self._transport.available(min(self._timeout, max(until - time.monotonic(), _LAST_TRY))):
                    return
                reason = f"{self.url} has no version available"
            except ServingError as error:
                reason = str(error)
            left = until - time.monotonic()
            if left <= 0:
                raise ServingError(f"not served within {seconds} s: {reason}", unavailable=True)
            self._pause(min(pause, left))
            pause = min(2 * pause, _LONGEST)

    @property
    def latent_dim(self) -> int:
        """The dimension of the latents."""
        return self._spec("serving_default", 0, "latents")[1][1]

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(H, W, C) of an image, (d,) of a mixture's point."""
        return tuple(self._spec("serving_default", 1, "images")[1][1:])

    @property
    def num_classes(self) -> int:
        """How many classes a label can name; 0 for a model without labels."""
        return self._spec("draw_labels", 1, "one_hot")[1][1] if "draw_labels" in self.signatures else 0

    @property
    def class_names(self) -> tuple[str, ...]:
        """What the classes are called, in the order of the labels; () if they have numbers alone; asked for once."""
        if self._class_names is None:
            self._class_names = self._asked_names() if "class_names" in self.signatures else ()
        return self._class_names

    def _asked_names(self):
        count = self._spec("class_names", 1, "names")[1][1]
        most, inputs = most_bytes(count, (1,)), {"seeds": np.zeros(1, "int64")}
        outputs = self._retry(lambda: self._transport.predict("class_names", inputs, self._timeout, most))
        try:
            (row,) = outputs.get("names", outputs.get(""))
            names = tuple(name.decode() if isinstance(name, bytes) else str(name) for name in row)
        except (TypeError, ValueError):
            names = ()
        if len(names) != count:
            raise ServingError(f"{self.url}: class_names should answer with names[1, {count}], and does not")
        return names

    def sample(self, latents: ArrayLike, labels: ArrayLike | None = None) -> np.ndarray:
        """Returns images float32[N, H, W, C] in [0, 1] of latents[N, latent_dim].

        A conditional model needs labels, int or int[N] in [0, num_classes).
        """
        latents = self._checked_latents(latents)
        inputs = {"latents": latents}
        if self.num_classes and labels is None:
            raise ValueError(f"labels=None: {self.url} is conditional, and latents draw no class; name one")
        labels = random.seed_labels(labels, latents, self.num_classes)
        if labels is not None:
            inputs["labels"] = labels
        return self._predict("serving_default", inputs)

    def images_of_chunk(self, seeds: ArrayLike, truncation: ArrayLike, labels: ArrayLike | None = None) -> np.ndarray:
        """Asks for the images of seeds int64[N], each truncated by float32[N]: one request.

        Raises:
            ServingError: if the server refuses, cannot be reached, or answers with what are no images.
        """
        signature = "generate_png" if self._png and "generate_png" in self.signatures else "generate"
        self._spec(signature, 0, "seeds")
        inputs = {"seeds": np.asarray(seeds, "int64"), "truncation": np.asarray(truncation, "float32")}
        if labels is not None:
            inputs["labels"] = np.asarray(labels, "int32")
        rows = self._predict(signature, inputs)
        return rows if signature == "generate" else np.stack([self._pixels(png) for png in rows])

    @property
    def signatures(self) -> dict:
        """What the server says of the model: {signature: ({input: (dtype, shape)}, {output: (dtype, shape)})}."""
        if self._signatures is None:
            found = self._retry(lambda: self._transport.signatures(self._timeout))
            self._signatures = check_signatures(self.url, found)
        return self._signatures

    def _spec(self, signature, side, name):
        try:
            return self.signatures[signature][side][name]
        except (LookupError, TypeError):
            raise ValueError(f"model={self.url} is no export of tfgan_zoo: no {name} in {signature}") from None

    def _predict(self, signature, inputs):
        name = "image_bytes" if signature == "generate_png" else "images"
        dtype, shape = self._spec(signature, 1, name)
        expected = (len(next(iter(inputs.values()))), *shape[1:])
        most = most_bytes(expected[0], self.image_shape)
        outputs = self._retry(lambda: self._transport.predict(signature, inputs, self._timeout, most))
        try:
            rows = np.asarray(outputs.get(name, outputs.get("")), dtype)
        except (TypeError, ValueError):
            rows = None
        if rows is None or rows.shape != expected:
            raise ServingError(f"{self.url}: {signature} should answer with {name}{list(expected)}, and does not")
        if name == "images" and not np.isfinite(rows).all():
            raise ServingError(f"{self.url}: {signature} answers with images that are not finite numbers")
        return rows

    def _pixels(self, png):
        height, width, channels = self.image_shape
        try:
            image = Image.open(io.BytesIO(png), formats=("PNG",))  # reads the head alone: no bomb goes off
            levels = np.asarray(image) if image.size == (width, height) else np.zeros(0)
            levels = levels.reshape(height, width, channels)
        except (OSError, SyntaxError, TypeError, ValueError, Image.DecompressionBombError):
            levels = np.zeros(0)
        if levels.dtype != np.uint8:
            raise ServingError(f"{self.url}: image_bytes should hold PNG of {height} x {width} x {channels} bytes")
        if channels == transparency.CHANNELS:
            levels = transparency.premultiplied(levels)
        return levels.astype("float32") / 255

    def _retry(self, send):
        for left in reversed(range(self._tries)):
            try:
                return send()
            except ServingError as error:
                if not (error.unavailable and left):
                    raise
            self._pause(_BACK_OFF * 2 ** (self._tries - 1 - left))


def _is_number(value):
    return isinstance(value, numbers.Real)
