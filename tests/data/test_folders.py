"""A folder of pictures as a data set: what it is made into, the cache, and the files that cannot be used."""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.data.picture_files import ADOBE_RGB, icc, png
from tfgan_zoo import data
from tfgan_zoo.data import cache, catalogue, decode, files, folders, formats, images

DRAW = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache for each test; the work that goes into it is counted."""
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def decoded(monkeypatch):
    """A list that gets an item for each picture that is decoded."""
    done = []
    inner = decode.decode
    monkeypatch.setattr(decode, "decode", lambda *args: done.append(1) or inner(*args))
    return done


def make(root, *names_, side=32, mode="RGB"):
    """Writes random pictures; returns {name: pixels}."""
    pictures = {}
    for name in names_:
        shape = (side, side, 3) if mode == "RGB" else (side, side)
        pictures[name] = DRAW.integers(0, 256, shape, np.uint8)
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pictures[name]).save(root / name)
    return pictures


def refused(path, **arguments):
    with pytest.raises(ValueError) as caught:
        data.load(str(path), **arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


TWENTY = tuple(f"{kind}/{i}.png" for kind in ("cat", "dög", "eel") for i in range(7))[:20]


def test_a_folder_is_read_as_it_is(tmp_path):
    pictures = make(tmp_path / "x", *TWENTY)
    found = data.load(str(tmp_path / "x"))
    assert found.shape == (32, 32, 3) == data.check(str(tmp_path / "x"))
    assert (found.num_train, found.num_heldout, found.native) == (18, 2, 32)
    assert (found.num_classes, found.label_names) == (3, ("cat", "dög", "eel"))
    assert found.skipped == () and "20 picture files (in color" in found.description
    order = sorted(pictures, key=lambda name: hashlib.sha256(ascii(name).encode()).digest())
    pixels, labels = (np.concatenate(pair) for pair in zip(found.reals(18), found.reals(2, "heldout"), strict=True))
    np.testing.assert_array_equal(np.rint((pixels + 1) * 127.5), [pictures[name] for name in order])
    assert [found.label_names[label] for label in labels] == [name.split("/")[0] for name in order]


def test_a_zip_is_read_as_its_folder(tmp_path):
    make(tmp_path / "x", *TWENTY)
    shutil.make_archive(tmp_path / "y", "zip", tmp_path / "x")
    shutil.make_archive(tmp_path / "z", "zip", tmp_path, "x")  # with a folder around everything
    folder, archive, around = (data.load(str(tmp_path / name)) for name in ("x", "y.zip", "z.zip"))
    for mine, theirs in zip(folder.reals(18), archive.reals(18), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert folder.label_names == archive.label_names == around.label_names


def test_adding_a_picture_moves_no_other(tmp_path):
    make(tmp_path / "x", *TWENTY)
    before = data.load(str(tmp_path / "x")).reals(18)[0].tolist()
    make(tmp_path / "x", "eel/6.png")
    after = data.load(str(tmp_path / "x"))
    after = np.concatenate([after.reals(after.num_train)[0], after.reals(after.num_heldout, "heldout")[0]]).tolist()
    assert [image for image in after if image in before] == before


@pytest.mark.parametrize(
    "names_, classes",
    [(("1.png", "2.png"), ()), (("a/1.png", "2.png"), ()), (("a/1.png", "b/2.png"), ("a", "b"))],
)
def test_labels(tmp_path, names_, classes):
    make(tmp_path / "x", *names_)
    found = data.load(str(tmp_path / "x"))
    assert (found.label_names, found.num_classes) == (classes, len(classes))
    assert (found.num_train, found.num_heldout) == (1, 1)


@pytest.mark.parametrize(
    "sides, size", [((32, 33), 32), ((63,), 32), ((64, 65), 64), ((32, 100, 200), 64), ((500, 90, 129), 128)]
)
def test_the_default_size_follows_the_median(tmp_path, sides, size):
    for side in sides:
        make(tmp_path / "x", f"{side}.png", side=side)
    assert data.check(str(tmp_path / "x")) == (size, size, 3)
    assert data.check(str(tmp_path / "x"), image_size=48, channels=1) == (48, 48, 1)


@pytest.mark.parametrize("sizes, size", [((64, 128, 256), 256), ((16, 48), 48), ((512, 1024), 512), ((), 128)])
def test_the_default_size_is_one_of_the_networks(tmp_path, sizes, size):
    make(tmp_path / "x", "1.png", side=300)
    assert data.check(str(tmp_path / "x"), sizes=sizes) == (size, size, 3)


def test_grey_only_if_all_are(tmp_path):
    make(tmp_path / "x", "1.png", "2.png", mode="L")
    assert data.check(str(tmp_path / "x"))[-1] == 1
    make(tmp_path / "x", "3.png")
    assert data.check(str(tmp_path / "x"))[-1] == 3
    assert data.load(str(tmp_path / "x"), channels=1).reals(2)[0].shape == (2, 32, 32, 1)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"channels": 2}, "channels=2 must be 1"),
        ({"channels": 2}, "channels=2 must be 1"),
        ({"image_size": 0}, "image_size=0 must be at least 1"),
        ({"bad_images": "ignore"}, "bad_images=ignore is unknown"),
    ],
)
def test_bad_arguments(tmp_path, arguments, words):
    make(tmp_path / "x", "1.png", "2.png")
    assert words in refused(tmp_path / "x", **arguments)


def test_checks_need_no_tensorflow(tmp_path):
    make(tmp_path / "x", "1.png", "2.png")
    code = (
        "import sys; from tfgan_zoo.data import catalogue; path = sys.argv[1]; shape = catalogue.check(path);"
        "catalogue.prepare(path, shape, key=catalogue.key(path, shape));"
        "print([name for name in ('tensorflow', 'keras', 'tensorflow_datasets') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "x")], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


# The cache


def test_pictures_are_decoded_once(tmp_path, decoded, monkeypatch):
    make(tmp_path / "x", *TWENTY)
    first = data.load(str(tmp_path / "x")).reals(18)
    assert len(decoded) == 20
    monkeypatch.setattr(pathlib.Path, "read_bytes", lambda path: pytest.fail(f"{path} was read again"))
    np.testing.assert_array_equal(data.load(str(tmp_path / "x")).reals(18)[0], first[0])
    assert len(decoded) == 20
    monkeypatch.undo()


def test_another_size_is_another_cache(tmp_path, decoded):
    make(tmp_path / "x", "1.png", "2.png")
    for arguments in ({}, {"image_size": 16}, {"channels": 1}, {"image_size": 16}):
        data.load(str(tmp_path / "x"), **arguments)
    assert len(decoded) == 6


def test_a_touched_or_moved_folder_keeps_its_cache(tmp_path, decoded):
    make(tmp_path / "x", "1.png", "2.png")
    shape = data.check(str(tmp_path / "x"))
    key = catalogue.key(str(tmp_path / "x"), shape)
    data.load(str(tmp_path / "x"))
    (tmp_path / "x" / "1.png").touch()
    shutil.copytree(tmp_path / "x", tmp_path / "y")
    for folder in ("x", "y"):
        assert catalogue.key(str(tmp_path / folder), shape) == key
        data.load(str(tmp_path / folder), key=key)
    assert len(decoded) == 2


@pytest.mark.parametrize("change", ["pixels", "name", "more", "fewer", "bad"])
def test_changed_contents_are_not_those_of_the_key(tmp_path, change):
    root = tmp_path / "x"
    make(root, "a/1.png", "b/2.png", "b/3.png")
    key = catalogue.key(str(root), data.check(str(root)))
    data.load(str(root), key=key)
    if change == "pixels":
        make(root, "a/1.png")
    elif change == "name":
        (root / "a/1.png").rename(root / "b/1.png")
    elif change == "more":
        make(root, "a/4.png")
    elif change == "fewer":
        (root / "b/3.png").unlink()
    else:
        (root / "a/bad.png").write_text("text")
    assert f"dataset={root}: its pictures" in refused(root, key=key)


def former_key(path, shape):
    """The key of a folder before 16 bits were rounded and colour profiles applied."""
    return cache.digest(2, folders.survey(str(path)).contents, list(shape))


def test_the_key_changes_only_where_the_pixels_do(tmp_path):
    """Of colour profiles that are sRGB's or broken, and of grey with 16 bits, the pixels are what they were."""
    root, shape = tmp_path / "x", (32, 32, 3)
    pictures = make(root, "1.png", "2.png")
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = Image.fromarray(pictures["1.png"])
    picture.save(root / "3.png", icc_profile=srgb)
    picture.save(root / "4.png", icc_profile=b"broken")
    (root / "5.png").write_bytes(png(16, 0, DRAW.integers(0, 65536, (32, 32, 1)).astype(">u2")))
    assert catalogue.key(str(root), shape) == former_key(root, shape)
    assert "1 colour profiles are broken and ignored." in data.load(str(root)).description
    picture.save(root / "6.png", icc_profile=icc(ADOBE_RGB))
    former, raw = former_key(root, shape), decode.Reading(no_icc=True)
    assert catalogue.key(str(root), shape) != former == catalogue.key(str(root), shape, raw)
    (root / "7.png").write_bytes(png(16, 2, DRAW.integers(0, 65536, (32, 32, 3)).astype(">u2")))
    keys = {catalogue.key(str(root), shape), catalogue.key(str(root), shape, raw), former_key(root, shape)}
    assert len(keys) == 3


def test_profiles_are_applied_or_left_out(tmp_path):
    picture = Image.fromarray(DRAW.integers(0, 256, (32, 32, 3), np.uint8))
    (tmp_path / "x").mkdir()
    for name in ("1.png", "2.png"):
        picture.save(tmp_path / "x" / name, icc_profile=icc(ADOBE_RGB))
    applied, left = (data.load(str(tmp_path / "x"), no_icc=no_icc) for no_icc in (False, True))
    assert "2 colour profiles are applied." in applied.description
    assert "2 colour profiles are left out, as no_icc says." in left.description
    np.testing.assert_array_equal(np.rint((left.reals(1)[0][0] + 1) * 127.5), np.asarray(picture))
    assert np.abs(left.reals(1)[0] - applied.reals(1)[0]).max() > 0.1
    assert left.fingerprint != applied.fingerprint


def test_a_run_from_before_16_bits_were_all_read_is_told_why_it_ends(tmp_path):
    root = tmp_path / "x"
    make(root, "1.png")
    (root / "2.png").write_bytes(png(16, 2, DRAW.integers(0, 65536, (32, 32, 3)).astype(">u2")))
    assert "a version that kept 8 of 16 bits" in refused(root, key=former_key(root, (32, 32, 3)))


def test_the_background_is_part_of_the_key_where_something_is_transparent(tmp_path):
    make(tmp_path / "x", "1.png", "2.png")
    shape, black = (32, 32, 3), decode.Reading(background=(0, 0, 0))
    assert catalogue.key(str(tmp_path / "x"), shape, black) == catalogue.key(str(tmp_path / "x"), shape)
    Image.new("RGBA", (32, 32)).save(tmp_path / "x" / "1.png")
    assert catalogue.key(str(tmp_path / "x"), shape, black) != catalogue.key(str(tmp_path / "x"), shape)
    Image.new("RGBA", (32, 32)).save(tmp_path / "x" / "2.png")
    for name, level in (("white", 1), ("black", -1), ("255,0,255", 0)):
        pixels = data.load(str(tmp_path / "x"), background=name).reals(1)[0]
        assert (pixels == level).all() if level else np.unique(pixels).tolist() == [-1, 1]


def test_how_pictures_are_made_square_is_part_of_the_key(tmp_path):
    make(tmp_path / "x", "1.png", "2.png")
    shape = (32, 32, 3)
    readings = [decode.USUAL, *(decode.Reading(resize=name) for name in ("pad", "stretch"))]
    readings.append(decode.Reading(resize="pad", background=(0, 0, 0)))
    assert len({catalogue.key(str(tmp_path / "x"), shape, reading) for reading in readings}) == 4
    assert catalogue.key(str(tmp_path / "x"), shape) == former_key(tmp_path / "x", shape)


@pytest.mark.parametrize("min_size, kept", [("skip", 18), ("enlarge", 20)])
def test_small_pictures_are_left_out_or_enlarged(tmp_path, min_size, kept):
    make(tmp_path / "x", *TWENTY)
    for name in TWENTY[:2]:
        Image.new("RGB", (20, 40), "red").save(tmp_path / "x" / name)
    assert "is 20 x 40 pixels, smaller than image_size=32" in refused(tmp_path / "x", image_size=32)
    found = data.load(str(tmp_path / "x"), image_size=32, min_size=min_size)
    assert found.num_train + found.num_heldout == kept
    assert len(found.skipped) == 20 - kept
    assert "is 20 x 40 pixels" in refused(tmp_path / "x", image_size=32)  # from the cache, too
    cut(tmp_path / "x" / TWENTY[5])
    assert "is damaged" in refused(tmp_path / "x", image_size=32, min_size=min_size)


def test_mirror_images_train_and_are_told(tmp_path, monkeypatch):
    make(tmp_path / "x", *TWENTY)
    inside = data.load(str(tmp_path / "x"), mirror=True)
    assert inside.description.endswith("Mirror images train too.") and inside.num_train == 18
    monkeypatch.setattr(images, "MAX_BYTES", 1000)
    outside = data.load(str(tmp_path / "x"), mirror=True)
    for mine, theirs in zip(outside.train(6, 2, 5, 4).take(6), inside.train(6, 2, 5, 4).take(6), strict=True):
        np.testing.assert_array_equal(mine["images"], theirs["images"])


@pytest.mark.parametrize(
    "name, arguments, words",
    [
        ("ring", {"mirror": True}, "mirror=True: dataset=ring has no pictures to mirror"),
        ("stacked_fashion", {"mirror": True}, "has no pictures to mirror"),
        ("fashion_mnist_10k", {"no_icc": True}, "no_icc=True is for folders and zip files"),
        ("fashion_mnist_10k", {"background": "black"}, "background=black is for folders"),
        ("fashion_mnist_10k", {"resize": "pad"}, "resize=pad is for folders"),
        ("fashion_mnist_10k", {"min_size": "small"}, "min_size=small is unknown"),
    ],
)
def test_what_is_not_for_a_data_set(name, arguments, words):
    assert words in refused(name, **arguments)


@pytest.mark.parametrize("background", ["blue", "1,2", "1,2,256", "1,2,-3", "", "a,b,c", "1,2,3,4", "0x1,2,3"])
def test_what_is_no_colour(tmp_path, background):
    make(tmp_path / "x", "1.png", "2.png")
    assert f"background={background} must be white, black, or R,G,B" in refused(tmp_path / "x", background=background)


def flip(path, place=0.5):
    content = bytearray(path.read_bytes())
    content[int(place * len(content))] ^= 1
    path.write_bytes(content)


def zero(path):
    content = path.read_bytes()
    half = len(content) // 2
    path.write_bytes(content[:half] + bytes(len(content) - half))


def edit_index(path, **values):
    index = json.loads(path.read_text())
    path.write_text(json.dumps(index | {name: edit(index[name]) for name, edit in values.items()}))


DAMAGES = {
    "records cut": (cache.RECORDS, lambda path: path.write_bytes(path.read_bytes()[:-5])),
    "records missing": (cache.RECORDS, pathlib.Path.unlink),
    "records zero from the middle on": (cache.RECORDS, lambda path: zero(path)),
    "records zero": (cache.RECORDS, lambda path: path.write_bytes(bytes(path.stat().st_size))),
    "records flipped": (cache.RECORDS, flip),
    "index cut": (cache.INDEX, lambda path: path.write_bytes(path.read_bytes()[:-5])),
    "index missing": (cache.INDEX, pathlib.Path.unlink),
    "index of another kind": (cache.INDEX, lambda path: path.write_text("[]")),
    "index deep": (cache.INDEX, lambda path: path.write_text("[" * 100_000)),
    "index flipped": (cache.INDEX, flip),
    "fewer labels": (cache.INDEX, lambda path: edit_index(path, labels=lambda labels: labels[:5])),
    "other labels": (cache.INDEX, lambda path: edit_index(path, labels=lambda labels: labels[::-1])),
    "fewer of all": (cache.INDEX, lambda path: edit_index(path, labels=lambda it: it[:5], crc32=lambda it: it[:5])),
    "earlier version": (cache.INDEX, lambda path: edit_index(path, sha256=lambda digest: None)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_is_made_again(tmp_path, own_cache, decoded, damage, capsys):
    make(tmp_path / "x", *TWENTY)
    before = data.load(str(tmp_path / "x"))
    name, spoil = DAMAGES[damage]
    (file,) = own_cache.rglob(name)
    spoil(file)
    after = data.load(str(tmp_path / "x"))
    for mine, theirs in zip(after.reals(18), before.reals(18), strict=True):
        np.testing.assert_array_equal(mine, theirs)
    assert len(decoded) == 40
    told = capsys.readouterr().err
    assert told.count("made again") == told.count("\n") == 1 and str(file.parent) in told
    data.load(str(tmp_path / "x"))
    assert len(decoded) == 40


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", "null", '{"value": {}}', '{"value": {}, "sha256": 1}', "[" * 10**5]
)
def test_a_damaged_survey_is_made_again(tmp_path, own_cache, decoded, content):
    make(tmp_path / "x", *TWENTY)
    shape = data.check(str(tmp_path / "x"))
    data.load(str(tmp_path / "x"))
    (file,) = own_cache.glob("survey-*.json")
    file.write_text(content)
    assert data.check(str(tmp_path / "x")) == shape
    data.load(str(tmp_path / "x"))
    assert len(decoded) == 20


def test_a_cache_is_verified_once_in_a_process(tmp_path, monkeypatch):
    make(tmp_path / "x", *TWENTY)
    data.load(str(tmp_path / "x"))
    monkeypatch.setattr(cache, "_verify", lambda *args: pytest.fail("it was read again"))
    data.load(str(tmp_path / "x"))


def test_what_a_killed_process_left_in_the_cache_goes(tmp_path, own_cache):
    (own_cache / "0123.incomplete-abcd").mkdir(parents=True)
    (own_cache / "0123.incomplete-abcd" / cache.RECORDS).touch()
    make(tmp_path / "x", "1.png", "2.png")
    data.load(str(tmp_path / "x"))
    assert not list(own_cache.glob("*.incomplete-*"))


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError("no")])
def test_a_broken_off_decoding_leaves_nothing(tmp_path, own_cache, monkeypatch, error):
    make(tmp_path / "x", *TWENTY)
    inner = decode.decode

    def decode_some(content, *arguments):
        if hashlib.sha256(content).digest()[0] < 100:
            raise error
        return inner(content, *arguments)

    monkeypatch.setattr(decode, "decode", decode_some)
    with pytest.raises((KeyboardInterrupt, ValueError)):
        data.load(str(tmp_path / "x"))
    assert [path.name.split("-")[0] for path in own_cache.iterdir()] == ["survey"]


def test_two_processes_may_decode_at_once(tmp_path, own_cache):
    """The second one finds the first one's work when it wants to put down its own."""
    make(tmp_path / "x", "1.png", "2.png")
    shape = data.check(str(tmp_path / "x"))
    key = catalogue.key(str(tmp_path / "x"), shape)

    def items():
        folders.prepare(str(tmp_path / "x"), shape)  # the other process
        yield np.zeros(shape, np.uint8)

    kept = cache.write(key, shape, items(), lambda: {"labels": [0], "label_names": [], "bad": [], "about": {}})
    assert len(kept) == 2
    assert sorted(path.name for path in own_cache.iterdir() if path.is_dir()) == [key]


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    make(tmp_path / "x", "1.png", "2.png")
    (tmp_path / "file").touch()
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "file" / "cache"))
    message = refused(tmp_path / "x")
    assert f"cache {tmp_path / 'file' / 'cache'} cannot be written" in message and "$TFGAN_ZOO_CACHE" in message


def test_what_does_not_fit_into_memory_stays_on_disk(tmp_path, monkeypatch):
    make(tmp_path / "x", *TWENTY)
    inside = data.load(str(tmp_path / "x"))
    monkeypatch.setattr(images, "MAX_BYTES", 1000)
    outside = data.load(str(tmp_path / "x"))
    assert isinstance(outside.source, images.Stored) and isinstance(inside.source, images.Images)
    for mine, theirs in zip(outside.train(3, 2, 5, 4).take(8), inside.train(3, 2, 5, 4).take(8), strict=True):
        np.testing.assert_array_equal(mine["images"], theirs["images"])
        np.testing.assert_array_equal(mine["labels"], theirs["labels"])
    for split, num in (("train", 18), ("heldout", 2)):
        np.testing.assert_array_equal(outside.reals(num, split)[0], inside.reals(num, split)[0])


def test_the_cache_is_where_the_variable_says(monkeypatch):
    monkeypatch.delenv("TFGAN_ZOO_CACHE")
    assert cache.root() == pathlib.Path.home() / ".cache" / "tfgan_zoo"
    monkeypatch.setenv("TFGAN_ZOO_CACHE", "~/elsewhere")
    assert cache.root() == pathlib.Path.home() / "elsewhere"


# Files that cannot be used


def cut(path):
    path.write_bytes(path.read_bytes()[:-200])


def device(path):
    path.unlink()
    path.symlink_to("/dev/zero")


BAD = {
    "cut": (cut, "is damaged (image file is truncated"),
    "text": (lambda path: path.write_text("hello"), "is no PNG"),
    "empty": (lambda path: path.write_bytes(b""), "is no PNG"),
    "small": (lambda path: Image.new("RGB", (31, 90)).save(path), "is 31 x 90 pixels, smaller than image_size=32"),
    "large": (lambda path: Image.new("1", (9000, 8000)).save(path), "has more than 64 million pixels"),
    "dangling": (lambda path: path.unlink() or path.symlink_to("nowhere"), "cannot be read (No such file"),
    "device": (device, "is no ordinary file"),
}


@pytest.mark.parametrize("damage", BAD)
def test_bad_files_are_named_or_left_out(tmp_path, own_cache, damage):
    spoil, reason = BAD[damage]
    pictures = make(tmp_path / "x", *TWENTY)
    spoil(tmp_path / "x" / "dög" / "3.png")
    message = refused(tmp_path / "x")
    assert f"dög/3.png {reason}" in message and "--bad_images=skip" in message
    assert not list(own_cache.rglob(cache.INDEX))
    found = data.load(str(tmp_path / "x"), bad_images="skip")
    assert len(found.skipped) == 1 and found.skipped[0].startswith(f"dög/3.png {reason}")
    assert (found.num_train, found.num_heldout) == (18, 1) and "1 are left out" in found.description
    pixels = [*found.reals(18)[0], *found.reals(1, "heldout")[0]]
    kept = [pictures[name] for name in pictures if name != "dög/3.png"]
    assert sorted(np.rint((image + 1) * 127.5).sum() for image in pixels) == sorted(image.sum() for image in kept)
    assert f"dög/3.png {reason}" in refused(tmp_path / "x")  # from the cache, too


def test_all_bad_files_are_counted(tmp_path):
    make(tmp_path / "x", *TWENTY)
    for name in TWENTY[:3]:
        cut(tmp_path / "x" / name)
    found = data.load(str(tmp_path / "x"), bad_images="skip")
    assert sorted(line.split()[0] for line in found.skipped) == sorted(TWENTY[:3])
    assert "(and 2 more)" in refused(tmp_path / "x")


def test_unreadable_files_are_bad(tmp_path, monkeypatch):
    """As root every file can be read: read_bytes plays the part."""
    make(tmp_path / "x", *TWENTY)
    inner = pathlib.Path.read_bytes

    def read_bytes(path):
        if path.name == "3.png" and path.parent.name == "dög":
            raise PermissionError(13, "Permission denied", path)
        return inner(path)

    monkeypatch.setattr(pathlib.Path, "read_bytes", read_bytes)
    assert "dög/3.png cannot be read (Permission denied)" in refused(tmp_path / "x")
    assert len(data.load(str(tmp_path / "x"), bad_images="skip").skipped) == 1


def test_an_empty_class_is_bad(tmp_path):
    make(tmp_path / "x", *TWENTY)
    (tmp_path / "x" / "fly").mkdir()
    assert "fly/ is a class folder without a picture" in refused(tmp_path / "x")
    found = data.load(str(tmp_path / "x"), bad_images="skip")
    assert found.label_names == ("cat", "dög", "eel") and len(found.skipped) == 1


def test_a_damaged_zip_member_is_bad(tmp_path):
    make(tmp_path / "x", "1.png", "2.png", "3.png")
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_STORED) as archive:
        for name in ("1.png", "2.png", "3.png"):
            archive.write(tmp_path / "x" / name, name)
    content = bytearray((tmp_path / "x.zip").read_bytes())
    content[content.index(b"2.png") + 200] ^= 255
    (tmp_path / "x.zip").write_bytes(content)
    assert "2.png cannot be read (Bad CRC-32" in refused(tmp_path / "x.zip")
    assert len(data.load(str(tmp_path / "x.zip"), bad_images="skip").skipped) == 1


@pytest.mark.parametrize("bad_images", ["error", "skip"])
def test_too_few_pictures_are_one_line(tmp_path, bad_images):
    (tmp_path / "x").mkdir()
    assert "holds no picture" in refused(tmp_path / "x", bad_images=bad_images)
    make(tmp_path / "x", "1.png")
    assert "has 1 usable image(s); at least 2" in refused(tmp_path / "x", bad_images=bad_images)
    (tmp_path / "x" / "1.png").write_text("text")
    assert "none of its 1 picture files can be read" in refused(tmp_path / "x", bad_images=bad_images)


def test_odd_names_stay_on_one_line(tmp_path):
    make(tmp_path / "x", "a\nb/1.png", "漢/2.png", "漢/3.png")
    (tmp_path / "x" / "漢" / "2.png").write_text("text")
    assert "漢/2.png is no PNG" in refused(tmp_path / "x")
    found = data.load(str(tmp_path / "x"), bad_images="skip")
    assert found.label_names == ("a\\nb", "漢")
    assert all(files.shown(line) == line for line in found.skipped)


# What is passed over, what is no class, and labels from elsewhere


def test_pictures_of_other_suffixes_are_read_and_the_rest_is_counted(tmp_path):
    make(tmp_path / "x", "a.png", "b.tif", "c.avif", "d.png")
    (tmp_path / "x" / "d.png").rename(tmp_path / "x" / "no suffix")
    for name in ("film.MOV", "film.mov", "e.psd", "LICENSE"):
        (tmp_path / "x" / name).write_text("nothing that begins as a picture")
    found = data.load(str(tmp_path / "x"))
    assert found.num_train + found.num_heldout == 4
    assert found.description.endswith("Passed over: 2 .mov, 1 .psd, 1 without a suffix.")
    shutil.make_archive(tmp_path / "x", "zip", tmp_path / "x")
    for mine, theirs in zip(found.reals(3), data.load(str(tmp_path / "x.zip")).reals(3), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.fixture
def without_plugins(monkeypatch):
    """Pillow alone, whatever is installed beside it."""
    monkeypatch.setattr(formats, "known", lambda: formats._OWN)


@pytest.mark.parametrize("other, what", [("b/1.heic", "1 .heic (pip install pillow-heif"), ("b/notes.txt", "1 .txt;")])
@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_class_without_a_usable_picture_is_not_passed_over(tmp_path, other, what, form, without_plugins):
    make(tmp_path / "x", "a/1.png", "a/2.png")
    (tmp_path / "x" / other).parent.mkdir()
    (tmp_path / "x" / other).write_text("no picture")
    path = tmp_path / "x"
    if form == "zip":
        path = tmp_path / "y.zip"
        with zipfile.ZipFile(path, "w") as archive:  # without entries of the folders
            for name in ("a/1.png", "a/2.png", other):
                archive.write(tmp_path / "x" / name, name)
    assert f"b/ is a class folder without a picture, with {what}" in refused(path)
    assert data.load(str(path), bad_images="skip").num_train == 1


@pytest.mark.parametrize("why", ["damaged", "small"])
def test_a_class_of_which_all_pictures_are_left_out_is_told(tmp_path, why):
    """Nor does it make a wrapper of the other one, whose folders would be classes."""
    make(tmp_path / "x", "a/1/1.png", "a/2/2.png", "a/2/3.png")
    make(tmp_path / "x", "b/1.png", side=16)
    if why == "damaged":
        (tmp_path / "x" / "b" / "1.png").write_text("text")
    arguments = {"image_size": 32, "min_size": "skip"}
    words = "b/1.png is no PNG" if why == "damaged" else "b is a class without a picture that can be used"
    for _ in range(2):  # the second time from the cache
        assert words in refused(tmp_path / "x", **arguments)
        found = data.load(str(tmp_path / "x"), **arguments, bad_images="skip")
        assert (found.label_names, len(found.skipped)) == ((), 2)


def test_what_an_empty_class_holds_is_no_part_of_the_key(tmp_path, without_plugins):
    """Nor are the words in which it is told."""
    make(tmp_path / "x", "a/1.png", "a/2.png")
    (tmp_path / "x" / "b").mkdir()
    before = catalogue.key(str(tmp_path / "x"), (32, 32, 3))
    (tmp_path / "x" / "b" / "1.heic").write_text("no picture")
    assert catalogue.key(str(tmp_path / "x"), (32, 32, 3)) == before
    contents = hashlib.sha256()
    for name in ("a/1.png", "a/2.png"):
        contents.update(f"{name!a} {hashlib.sha256((tmp_path / 'x' / name).read_bytes()).hexdigest()}\n".encode())
    contents.update(b"('b/', 'is a class folder without a picture')\n")
    assert folders.survey(str(tmp_path / "x")).contents == contents.hexdigest()


@pytest.mark.parametrize("around", ["", "all/"])
@pytest.mark.parametrize("form", ["folder", "zip"])
def test_the_labels_of_stylegans_tools_are_those_of_dataset_json(tmp_path, around, form):
    names = [f"0000{i % 2}/img{i}.png" for i in range(6)]
    make(tmp_path / "x", *(around + name for name in names))
    labels = dict(zip(names, (10, 2, 0, 2, 10, 0), strict=True))
    where = tmp_path / "x" / around / "dataset.json"

    def load():
        if form == "folder":
            return data.load(str(tmp_path / "x"))
        shutil.make_archive(tmp_path / "x", "zip", tmp_path / "x")
        return data.load(str(tmp_path / "x.zip"))

    assert load().label_names == ("00000", "00001")  # what there is without the file
    where.write_text(json.dumps({"labels": list(labels.items())}))
    found = load()
    assert "Passed over" not in found.description  # it is used
    order = sorted((around + name for name in names), key=lambda name: hashlib.sha256(ascii(name).encode()).digest())
    assert found.label_names == ("0", "2", "10")
    expected = [str(labels[name.removeprefix(around)]) for name in order[:5]]
    assert [found.label_names[label] for label in found.reals(5)[1]] == expected
    where.write_text(json.dumps({"labels": None}))
    assert load().label_names == ()
    where.write_text(json.dumps({"name": "of another tool"}))
    assert load().label_names == ("00000", "00001")


@pytest.mark.parametrize(
    "content, words",
    [
        ('{"labels": [["00000/1.png", 0]]}', "dataset.json has no label for 00001/2.png"),
        ('{"labels": [["00000/1.png", "a"]]}', "dataset.json cannot be used (has labels that are no whole numbers"),
        ('{"labels": 5}', "dataset.json cannot be used ("),
        ("{", "dataset.json cannot be used ("),
    ],
)
def test_a_dataset_json_that_cannot_be_used_is_refused(tmp_path, content, words):
    make(tmp_path / "x", "00000/1.png", "00001/2.png")
    (tmp_path / "x" / "dataset.json").write_text(content)
    assert words in refused(tmp_path / "x")
