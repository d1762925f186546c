"""What TensorFlow Datasets (TFDS) has prepared or could download, found out without TensorFlow."""

import http.client
import os
import pathlib
import re
import threading
import urllib.request

from tfgan_zoo.choices import choose
from tfgan_zoo.files import read_json

# The first file that TFDS would fetch: without it a download is hopeless.
DOWNLOADS = {
    "fashion_mnist": "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-labels-idx1-ubyte.gz",
}
_PROBE_SECONDS = 5
_SHOWN = 24  # configs of a TFDS set in a message
_MOST_BYTES = 2**26  # of a description


def tfds_dir(data_dir=None):
    """Returns TFDS's folder as a `pathlib.Path`: `data_dir`, else $TFDS_DATA_DIR, else ~/tensorflow_datasets."""
    return pathlib.Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def prepared(name, data_dir=None):
    """Returns the folder where TFDS has prepared the newest fitting version of a data set, or None.

    Args:
        name: str in TFDS's form, "set", "set/config" or either with ":version", such as "set:3.*.*".
        data_dir: str, as in `tfds_dir`.
    """
    match = re.fullmatch(r"(\w+(?:/[\w.+-]+)?)(?::([\d*]+\.[\d*]+\.[\d*]+))?", name)
    if not match:
        return None
    found = [file.parent for file in tfds_dir(data_dir).glob(f"{match[1]}/*/dataset_info.json")]
    # What TFDS is still writing, or left unfinished, is called incomplete.*
    version = re.escape(match[2] or "*.*.*").replace(r"\*", r"\d+")
    found = [folder for folder in found if re.fullmatch(version, folder.name)]
    return max(found, key=lambda folder: [int(part) for part in folder.name.split(".")], default=None)


def check_split(split, name, folder):
    """Checks the names in a split of TFDS's syntax, such as "train[:50%]"; TFDS itself checks the rest.

    Args:
        split: str; None is always right.
        name: str, the data set.
        folder: what `prepared` returned for it.

    Raises:
        ValueError: in one line, if the set has no such split.
    """
    if split is None:
        return
    known = [part["name"] for part in _described(name, folder / "dataset_info.json").get("splits", [])]
    for part in split.split("+"):
        word = part.split("[")[0].strip()
        if word not in known:
            raise ValueError(f"split={split}: {name} has no split {word!r}; choose from {', '.join(known)}")


def check_download(name, data_dir, url=None):
    """Finds out whether a data set that is not prepared can be downloaded, by asking for its first file.

    Args:
        name: str, the data set.
        data_dir: str, as in `tfds_dir`.
        url: str, the file to ask for; None is the one in `DOWNLOADS`.

    Raises:
        ValueError: in one line that names the ways out, if there is no answer within a few seconds.
    """
    reason = _unreachable(url or DOWNLOADS[name])
    if reason:
        ways = (
            "run `make data` (Debian's dataset-fashion-mnist), point --data_dir to a local folder where TFDS has"
            " prepared it, or take --dataset=fashion_mnist_10k, which needs no network"
        )
        if name.split(":")[0] not in DOWNLOADS:
            ways = (
                "point --data_dir to a folder where TFDS has prepared it, or give a local folder of pictures,"
                " --dataset=PATH"
            )
        raise ValueError(
            f"dataset={name} is not prepared in {tfds_dir(data_dir)} and cannot be downloaded ({reason}): {ways}"
        )


def downloadable_format(name, data_dir, known):
    """Asks TFDS, which does not start TensorFlow for it, what a set that is not prepared will hold.

    Args:
        name: str, the data set.
        data_dir: str, as in `tfds_dir`.
        known: names of other data sets, one of which may have been meant.

    Returns:
        (height, width, channels) of its images; 0 where sizes differ.

    Raises:
        ValueError: in one line, if there is no such set, it has no images, or it cannot be downloaded.
    """
    import tensorflow_datasets as tfds

    try:
        if not re.match(r"[A-Za-z_]\w*([/:]|$)", name):  # TFDS would explain its grammar to a mistyped path
            raise tfds.core.DatasetNotFoundError(name)
        builder = tfds.builder(name, data_dir=tfds_dir(data_dir))
    except tfds.core.DatasetNotFoundError:
        try:
            return choose("dataset", name, known)
        except ValueError as error:
            where = f"or a TFDS data set that is prepared in {tfds_dir(data_dir)}"
            raise ValueError(f"{error}, a folder or zip file of pictures, {where} or can be downloaded") from None
    except Exception as error:  # TFDS names no base class for a wrong config or version
        said = re.sub(r'^Failed to construct dataset .*?}": | Here are \d+ BuilderConfigs .*', "", str(error))
        reason = f"{_first_line(said)}{_configs(name)}"
        raise ValueError(f"dataset={name}: TFDS has no such config or version ({reason})") from None
    features = dict(builder.info.features)
    image = features.get("image")
    sides = [side or 0 for side in getattr(image, "shape", None) or ()]
    dtype = getattr(getattr(image, "np_dtype", None), "__name__", None)
    sides = _checked(name, "TFDS's description", features, sides, dtype)
    for url in list(builder.url_infos)[:1]:
        check_download(name, data_dir, url)
    return sides


def _configs(name):
    """Returns " Configs: ..." of a TFDS set whose name is right where its config is not, else ""."""
    import tensorflow_datasets as tfds

    known = sorted(tfds.builder_cls(re.split("[/:]", name)[0]).builder_configs)
    return f" Configs: {', '.join(known[:_SHOWN])}{', ...' if len(known) > _SHOWN else ''}" if known else ""


def prepared_format(name, folder):
    """Returns (height, width, channels) of a prepared set's images by TFDS's description; 0 where sizes differ.

    Args:
        name: str, the data set.
        folder: what `prepared` returned for it.

    Raises:
        ValueError: in one line, if it has no images that can train a GAN.
    """
    features = _described(name, folder / "features.json").get("featuresDict", {}).get("features", {})
    image = features.get("image", {}).get("image", {})
    sides = [max(0, int(side)) for side in image.get("shape", {}).get("dimensions", [])]
    return _checked(name, folder, features, sides, image.get("dtype"))


def _described(name, file):
    try:
        return read_json(file, max_bytes=_MOST_BYTES)
    except ValueError as error:
        raise ValueError(f"dataset={name}: {file} {error}: prepare it again") from None


def _checked(name, where, features, sides, dtype):
    if len(sides) != 3 or sides[2] not in (1, 3) or dtype != "uint8":
        raise ValueError(
            f"dataset={name}: {where} has no feature `image` in 1 or 3 channels of uint8"
            f" (its features: {', '.join(features)}; image: {dtype} {sides})"
        )
    return tuple(sides) if all(sides) else (0, 0, sides[2])


def _first_line(error):
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _unreachable(url):
    """Returns why `url` cannot be fetched, or "" if it can."""
    reasons = []

    def probe():
        try:
            urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=_PROBE_SECONDS).close()
            reasons.append("")
        except (OSError, http.client.HTTPException) as error:
            reasons.append(" ".join(str(getattr(error, "reason", error)).split()) or type(error).__name__)

    # A thread, because urlopen's time limit does not cover the look-up of the host's name.
    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(_PROBE_SECONDS)
    return reasons[0] if reasons else f"no answer within {_PROBE_SECONDS} s"
