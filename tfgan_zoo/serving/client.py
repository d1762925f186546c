"""A served generator, used as if it were here."""

import io
import time

import numpy as np
from PIL import Image

from tfgan_zoo.remote import is_server
from tfgan_zoo.serving.transport import Grpc, Rest, ServingError

_BACK_OFF = 0.2  # seconds before the second try; each further wait is twice as long


class Client:
    """Samples a generator that TensorFlow Serving holds.

    `generate` and `sample` are those of a `GAN`: image i is the image of seed `seed + i`. Images travel as PNG, some
    twenty times smaller than numbers in JSON, so they come in 256 levels; `png=False` asks for floats. What a server
    would refuse is refused here first, since one bad request fails all that were batched with it.

    Args:
        url: "http://HOST:8501/v1/models/NAME" (REST) or "grpc://HOST:8500/NAME".
        timeout: float, seconds that one request may take.
        tries: int >= 1, how often a request is sent while the server is unavailable, with growing pauses.
        png: bool, whether images travel as PNG.
        pause: a function that waits for a number of seconds; None is `time.sleep`.

    Raises:
        ValueError: if `url` is of neither kind.

    Example:

    >>> client = Client("http://localhost:8501/v1/models/pconv")
    >>> client.wait(60)  # doctest: +SKIP
    >>> client.generate(num=16, seed=0).shape  # doctest: +SKIP
    (16, 32, 32, 1)
    """

    def __init__(self, url, timeout=30.0, tries=5, png=True, pause=None):
        if not is_server(url):
            raise ValueError(f"url={url} must be http://HOST:8501/v1/models/NAME or grpc://HOST:8500/NAME")
        self.url = url
        self._transport = (Grpc if url.startswith("grpc") else Rest)(url)
        self._timeout, self._tries, self._png = timeout, tries, png
        self._pause = time.sleep if pause is None else pause
        self._signatures = None

    def wait(self, seconds=60.0):
        """Waits until the model is served.

        Raises:
            ServingError: if it is not within `seconds`.
        """
        until, pause = time.monotonic() + seconds, _BACK_OFF
        while True:
            try:
                if self._transport.available(self._timeout):
                    return
                reason = f"{self.url} has no version available"
            except ServingError as error:
                reason = str(error)
            if time.monotonic() + pause > until:
                raise ServingError(f"not served within {seconds} s: {reason}", unavailable=True)
            self._pause(pause)
            pause *= 2

    @property
    def latent_dim(self):
        """The dimension of the latents."""
        return self._spec("serving_default", 0, "latents")[1][1]

    @property
    def image_shape(self):
        """(H, W, C) of an image, (d,) of a mixture's point."""
        return tuple(self._spec("serving_default", 1, "images")[1][1:])

    def sample(self, latents):
        """Returns images float32[N, H, W, C] in [0, 1] of latents[N, latent_dim]."""
        latents = np.asarray(latents, "float32")
        if latents.ndim != 2 or latents.shape[1] != self.latent_dim or not np.isfinite(latents).all():
            raise ValueError(f"latents={latents.shape} must be finite numbers [N, {self.latent_dim}]")
        return self._predict("serving_default", {"latents": latents})["images"]

    def generate(self, num, seed=0, truncation=1.0, batch_size=64, labels=None):
        """Returns the images of seeds `seed`, `seed + 1`, ... as `GAN.generate` does.

        Args:
            num: int >= 1.
            seed: int, the first image's seed.
            truncation: float in [0, 1].
            batch_size: int >= 1, images of one request.
            labels: int or int[num], the classes, for a conditional model.

        Raises:
            ValueError: if an argument is out of its range.
            ServingError: if the server refuses, or cannot be reached.
        """
        for name, value in (("num", num), ("batch_size", batch_size)):
            if not value >= 1:
                raise ValueError(f"{name}={value} must be at least 1")
        if not 0 <= truncation <= 1:
            raise ValueError(f"truncation={truncation} must be in [0, 1]")
        self._check_labels(labels)
        signature = "generate_png" if self._png and "generate_png" in self.signatures else "generate"
        parts = []
        for start in range(0, num, batch_size):
            size = min(batch_size, num - start)
            inputs = {
                "seeds": np.arange(seed + start, seed + start + size, dtype="int64"),
                "truncation": np.full(size, truncation, "float32"),
            }
            if labels is not None:
                inputs["labels"] = np.broadcast_to(np.asarray(labels, "int32"), (num,))[start : start + size]
            parts.append(self._predict(signature, inputs))
        if signature == "generate":
            return np.concatenate([part["images"] for part in parts])
        return np.stack([_pixels(png) for part in parts for png in part["image_bytes"]])

    @property
    def signatures(self):
        """What the server says of the model: {signature: ({input: (dtype, shape)}, {output: (dtype, shape)})}."""
        if self._signatures is None:
            self._signatures = self._retry(lambda: self._transport.signatures(self._timeout))
        return self._signatures

    def _check_labels(self, labels):
        conditional = "labels" in self.signatures["generate"][0]
        if labels is not None and not conditional:
            raise ValueError(f"labels={labels}: {self.url} is not conditional")
        if labels is None and conditional:
            raise ValueError(f"labels=None: {self.url} is conditional; name the classes")

    def _spec(self, signature, side, name):
        try:
            return self.signatures[signature][side][name]
        except KeyError:
            raise ValueError(f"model={self.url} is no export of tfgan_zoo: no {name} in {signature}") from None

    def _predict(self, signature, inputs):
        outputs = self._retry(lambda: self._transport.predict(signature, inputs, self._timeout))
        (only,) = self.signatures[signature][1]
        return {only: outputs.get(only, outputs.get(""))}

    def _retry(self, send):
        for left in reversed(range(self._tries)):
            try:
                return send()
            except ServingError as error:
                if not (error.unavailable and left):
                    raise
            self._pause(_BACK_OFF * 2 ** (self._tries - 1 - left))


def _pixels(png):
    image = np.asarray(Image.open(io.BytesIO(png)), "float32") / 255
    return image if image.ndim == 3 else image[..., None]
