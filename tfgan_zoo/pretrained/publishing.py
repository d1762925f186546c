"""Presets for others: the folder with its card and its sheet of samples, here or on the Hugging Face hub."""

import contextlib
import hashlib
import io
import json
import pathlib
import re
import tempfile
from collections.abc import Iterator
from typing import Any

from tfgan_zoo import registry
from tfgan_zoo.data import catalogue
from tfgan_zoo.files import PathLike, check_regular, folder_in_making, read_json
from tfgan_zoo.pretrained import download, hub, hub_card, loading, presets

CARD, SHEET = "README.md", "samples.png"
_SAMPLES = 64
_MOST_OF_A_CARD, _MOST_OF_A_PICTURE = 2**20, 2**25  # bytes

Files = dict[str, bytes]


def upload_preset(folder: PathLike, url: str, license: str | None = None, dry_run: bool = False) -> dict[str, int]:
    """Publishes a preset on the Hugging Face hub, from where `tfgan_zoo.load` takes it by the same address.

    Its files go there in one commit: configuration, weights, metadata with the checksums, the card with the hub's
    front matter, and its pictures. A card and a sheet of samples are made where it has none. What does not load here
    is not sent. It needs `pip install 'tfgan-zoo[hub]'`, and a token: `hf auth login`, or HF_TOKEN.

    Args:
        folder: the path of a preset's folder (`save_to_preset` writes one), or a name of `list_presets()`.
        url: "hf://ORGANISATION/NAME"; the repository is made, public, if it is missing.
        license: str, the hub's word for what others may do with it, such as "apache-2.0" or "cc-by-4.0". None takes
            the `license` of the preset's metadata, apache-2.0 for a preset that comes with tfgan_zoo, else says none.
        dry_run: bool, whether to print what would go up and send nothing; it needs neither the extra nor a token.

    Returns:
        {name: bytes} of the files.

    Raises:
        ValueError: in one line, for another address, a folder that is no preset or is damaged, or where the extra or a
            token is missing.
        tfgan_zoo.pretrained.hub.HubError: in one line, if the hub does not take it, or cannot be reached.

    >>> import tfgan_zoo
    >>> files = tfgan_zoo.upload_preset("gan_ring", "hf://me/ring", dry_run=True)  # doctest: +ELLIPSIS
    would go to hf://me/ring:
    ...
    >>> sorted(files)
    ['README.md', 'config.json', 'metadata.json', 'model.weights.h5', 'samples.png']
    """
    check(url, license, dry_run, "url")
    files = files_of(folder, download.repository(url).split("/")[1], url, license)
    send(files, url, dry_run, "url")
    return {name: len(content) for name, content in files.items()}


def check(url: str, license: str | None, dry_run: bool, argument: str) -> None:
    """Finds out, before anything is loaded, what of the arguments of `upload_preset` cannot be.

    Raises:
        ValueError: in one line, which calls the address `argument`.
    """
    download.repository(url, argument)
    check_license(license)
    if not dry_run:
        hub.check_ready(url, argument)


def check_license(license: str | None) -> None:
    """Refuses what is no word of the hub for a licence, such as its full text.

    Raises:
        ValueError: in one line.

    >>> check_license("Apache 2.0")
    Traceback (most recent call last):
    ...
    ValueError: license=Apache 2.0 must be a word of a-z 0-9 . - such as apache-2.0, cc-by-4.0, other
    """
    if license is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.-]{0,63}", str(license)):
        raise ValueError(f"license={license} must be a word of a-z 0-9 . - such as apache-2.0, cc-by-4.0, other")


def send(files: Files, url: str, dry_run: bool, argument: str) -> None:
    """Sends what `files_of` gathered, or prints it; the arguments and errors are those of `upload_preset`."""
    if dry_run:
        print(f"would go to {url}:", *(f"{len(content):>12,}  {name}" for name, content in files.items()), sep="\n")
        return
    hub.send(url, files, argument)
    download.forget(url)  # what an earlier load has kept


def write(files: Files, folder: PathLike) -> None:
    """Writes what `files_of` gathered as a new folder; it appears whole or not at all.

    Raises:
        OSError: if it cannot be written.
    """
    folder = pathlib.Path(folder).resolve()  # a link stays, and leads to the preset
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder_in_making(folder.parent, ".writing-preset-") as temporary:
        for name, content in files.items():
            (temporary / name).write_bytes(content)
        presets.enter(temporary, folder)


@contextlib.contextmanager
def as_preset(source: PathLike, checkpoint: str = "last") -> Iterator[pathlib.Path]:
    """Yields the folder of the preset that a trained model is, or would be: then it is gone afterwards.

    Args:
        source, checkpoint: as `tfgan_zoo.load` takes them; no export, and no served model.
    """
    if loading.kind(source) == "preset" and not download.is_remote(source) and checkpoint == "last":
        yield presets.folder_of(source)
        return
    model: Any = loading.load(source, checkpoint)  # a GAN
    with tempfile.TemporaryDirectory(prefix="preset-") as temporary:
        folder = pathlib.Path(temporary) / "preset"
        presets.save_to_preset(model, folder, **_origin(source, model))
        yield folder


def _origin(source, model) -> dict[str, Any]:
    """Returns what the metadata say of the training; of a folder of pictures its name alone, and not where it is."""
    known = loading.origin(source)
    found = {name: known[name] for name in ("dataset", "split") if isinstance(known.get(name), str)}
    if "dataset" in found and catalogue.is_path(found["dataset"]):
        found["dataset"] = pathlib.PurePath(found["dataset"]).name
    return {"method": registry.method_of(type(model)).name, **found}


def files_of(folder: PathLike, title: str, source: str, license: str | None = None) -> Files:
    """Gathers what is published of a preset.

    Args:
        folder: as `upload_preset` takes it.
        title: str, the heading of its card, if that is made here.
        source: str, what the card tells others to load; the front matter is for one that begins with hf://.
        license: as `upload_preset` takes it.

    Returns:
        {name: bytes}, sorted.

    Raises:
        ValueError: in one line, if it is no preset, or damaged.
    """
    if download.is_remote(folder):
        raise ValueError(f"folder={folder} must be a preset's folder, or a name of list_presets()")
    model, path = presets.from_preset(folder), presets.folder_of(folder)
    files = {name: (path / name).read_bytes() for name in (presets.CONFIG, presets.WEIGHTS)}
    about = read_json(path / presets.METADATA)
    text = _read(path / CARD, _MOST_OF_A_CARD)
    text = None if text is None else text.decode(errors="replace")
    shown = re.findall(r"\]\(([A-Za-z0-9_-]+\.png)\)", text or "")
    pictures = {name: _read(path / name, _MOST_OF_A_PICTURE) for name in {SHEET, *shown}}
    pictures = {name: content for name, content in pictures.items() if content is not None}
    files |= pictures
    _check_digests(path, files, about["sha256"])
    caption = "Samples" if SHEET in pictures else None
    if caption is None and (sheet := _sheet(model)) is not None:
        caption, files[SHEET] = sheet
    about["sha256"] |= {name: _digest(content) for name, content in files.items()}
    asked, ours = license is not None, path.resolve().parent == presets.BUILT_IN
    license = license or about.get("license") or ("apache-2.0" if ours else None)
    check_license(license)
    files[CARD] = hub_card.card(text, model, about, title, source, license, caption, asked).encode()
    files[presets.METADATA] = (json.dumps(about, indent=2) + "\n").encode()
    return dict(sorted(files.items()))


def _read(path, most):
    """Returns the bytes of a file of a preset; None if it has none of that name."""
    check_regular("file", path, most)
    return path.read_bytes() if path.is_file() else None


def _digest(content):
    return hashlib.sha256(content).hexdigest()


def _check_digests(path, files, digests):
    """Refuses a file that is not the one of which the metadata have a checksum; what is sent is what was checked."""
    for name, content in files.items():
        if digests.get(name, _digest(content)) != _digest(content):
            raise ValueError(f"preset={path} is damaged: the SHA-256 of {name} is not the one in {presets.METADATA}")


def _sheet(model):
    """Returns (what it shows, the PNG) of a model of images or points; None of any other."""
    from tfgan_zoo.sheets import SampleSheet

    try:
        sheet = SampleSheet(model, _SAMPLES)
    except ValueError:  # series, and single numbers, are no picture
        return None
    content = io.BytesIO()
    sheet.picture.save(content, "PNG")
    return f"{sheet.caption}, none picked", content.getvalue()
