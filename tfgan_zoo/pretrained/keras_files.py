""".keras files from elsewhere: the checks of a preset, before Keras opens them."""

import zipfile

from tfgan_zoo.files import check_regular, read_json

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
_MOST_BYTES = {"metadata.json": 2**20, CONFIG: 2**20, WEIGHTS: 2**33}  # with optimisers


def check(path):
    """Checks the members of a .keras file, what its configuration names, and the room that it needs.

    Raises:
        ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile: if something is wrong.
    """
    from tfgan_zoo.pretrained import untrusted, weight_files

    with open_archive(path) as archive:
        config = configuration(archive)
        with archive.open(WEIGHTS) as weights:
            stored = weight_files.count(weights)
    if "registered_name" not in config:
        raise ValueError(f"{CONFIG} describes no model")
    if config["registered_name"] not in untrusted.known_classes():
        raise ValueError(f"it holds a {str(config.get('class_name'))[:80]}, not a GAN")
    untrusted.check(config, stored)


def open_archive(path):
    """Opens a .keras file whose members are as large as they say, and not too large.

    Returns:
        A `zipfile.ZipFile`.

    Raises:
        ValueError, OSError, zipfile.BadZipFile: if it is none.
    """
    check_regular("file", path)
    archive = zipfile.ZipFile(path)
    for member in archive.infolist():
        most = _MOST_BYTES.get(member.filename)
        if most is None:
            archive.close()
            raise ValueError(f"{member.filename[:80]!r} is no part of a .keras file of ours")
        if member.file_size > most or member.compress_type != zipfile.ZIP_STORED:
            archive.close()
            raise ValueError(f"{member.filename} is compressed, or larger than {most} bytes")
    return archive


def configuration(archive):
    """Returns the table that Keras wrote of the model in an open .keras file."""
    return read_json(archive.read(CONFIG))
