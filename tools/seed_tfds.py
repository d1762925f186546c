"""Prepares TFDS's `fashion_mnist` without a network, from Debian's package dataset-fashion-mnist.

    python tools/seed_tfds.py [--data_dir=FOLDER]

Debian's four files are the originals but for the gzip header: packing stripped the file's name and date from it. With
these put back the files have the checksums that TFDS knows, and its own builder takes them for downloaded ones.
"""

import argparse
import hashlib
import pathlib
import sys
import tempfile

from tfgan_zoo.data import tfds_probe

DEBIAN = pathlib.Path("/usr/share/datasets/fashion-mnist")
_HEADER = 10  # bytes of a gzip header without a file name
_DATES = {"train": 1504176606, "t10k": 1504176627}  # of the originals, in seconds since 1970


def restore(content, filename):
    """Returns the gzip file as it was published: `content` with the original's name and date in its header."""
    name = filename.removesuffix(".gz")
    date = _DATES[name.split("-")[0]].to_bytes(4, "little")
    return b"\x1f\x8b\x08\x08" + date + b"\x00\x03" + name.encode() + b"\x00" + content[_HEADER:]


def restore_all(builder, folder):
    """Writes the files that `builder` wants into `folder`, their checksums verified."""
    for info in builder.url_infos.values():
        content = restore((DEBIAN / info.filename).read_bytes(), info.filename)
        digest = hashlib.sha256(content).hexdigest()
        if digest != info.checksum:
            raise ValueError(f"{DEBIAN / info.filename}: SHA-256 of the restored file is {digest}, not {info.checksum}")
        (folder / info.filename).write_bytes(content)
        print(f"restored {info.filename}: {len(content):,} bytes, SHA-256 as TFDS has it")


def main(arguments=None):
    """Runs the tool: returns 0, or 1 and a line on stderr if the package is missing or other than known."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data_dir", help="TFDS's folder; default: $TFDS_DATA_DIR, else ~/tensorflow_datasets")
    data_dir = tfds_probe.tfds_dir(parser.parse_args(arguments).data_dir)
    folder = tfds_probe.prepared("fashion_mnist", data_dir)
    if folder:
        print(f"fashion_mnist is prepared already: {folder}")
        return 0
    if not DEBIAN.is_dir():
        print(f"{DEBIAN} is missing: apt-get install dataset-fashion-mnist", file=sys.stderr)
        return 1
    try:
        _prepare(data_dir)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _prepare(data_dir):
    import tensorflow_datasets as tfds  # late, so that --help answers at once

    builder = tfds.builder("fashion_mnist", data_dir=data_dir)
    data_dir.mkdir(parents=True, exist_ok=True)
    # Not in downloads/manual and downloads/extracted, where TFDS looks by default: MNIST's and KMNIST's files have the
    # same names, and TFDS would take ours for theirs.
    with tempfile.TemporaryDirectory(prefix="fashion_mnist-", dir=data_dir) as folder:
        folder = pathlib.Path(folder)
        restore_all(builder, folder)
        config = tfds.download.DownloadConfig(
            manual_dir=folder, extract_dir=folder / "extracted", try_download_gcs=False
        )
        builder.download_and_prepare(download_config=config)
    counts = ", ".join(f"{split} {info.num_examples:,}" for split, info in builder.info.splits.items())
    print(f"prepared {builder.data_path}: {counts}")


if __name__ == "__main__":
    sys.exit(main())
