"""Sets of images in folders, zips and npz files: read as they are, or refused in one line."""

import io
import os
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.data import picture_files
from tests.data.picture_files import DISPLAY_P3
from tfgan_zoo.data import decode
from tfgan_zoo.evaluation.files import ImageFiles


def png(pixels):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (5, 8, 6, 3)).astype("uint8")


@pytest.fixture
def folder(tmp_path, images):
    path = tmp_path / "images"
    (path / "deep" / "er").mkdir(parents=True)
    for name, image in zip(("a.png", "b.PNG", "deep/c.png", "deep/d ü.png", "deep/er/e.png"), images, strict=True):
        (path / name).write_bytes(png(image))
    return path


def test_a_folder_a_zip_and_an_npz_of_the_same_images_are_the_same(tmp_path, folder, images):
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for path in folder.rglob("*"):
            archive.write(path, path.relative_to(folder))
    np.savez(tmp_path / "images.npz", images=images)
    for path in (folder, tmp_path / "images.zip", tmp_path / "images.npz"):
        files = ImageFiles("fakes", path)
        assert files.shape == (8, 6, 3) and files.count == 5
        batches = list(files.batches(2))
        assert [len(batch) for batch in batches] == [2, 2, 1]
        np.testing.assert_array_equal(np.concatenate(batches), images)


def test_a_zip_is_opened_once_a_pass_and_what_macos_adds_to_it_is_passed_over(tmp_path, images, monkeypatch):
    """An archive's index takes milliseconds to read: opened for each of many images, it would take hours."""
    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for i, image in enumerate(images):
            archive.writestr(f"images/{i}.png", png(image))
        archive.writestr("__MACOSX/images/._0.png", b"Mac OS X")
        archive.writestr("images/.DS_Store", b"Bud1")
    opened = []
    monkeypatch.setattr(zipfile, "ZipFile", lambda *args, real=zipfile.ZipFile: opened.append(args) or real(*args))
    files = ImageFiles("fakes", tmp_path / "images.zip")
    np.testing.assert_array_equal(np.concatenate(list(files.batches(2))), images)
    assert files.fingerprint() and len(opened) == 3


def test_grey_images_have_one_channel(tmp_path, images):
    for i in range(2):
        (tmp_path / f"{i}.png").write_bytes(png(images[i, :, :, 0]))
    files = ImageFiles("fakes", tmp_path)
    assert files.shape == (8, 6, 1)
    np.testing.assert_array_equal(next(files.batches())[1], images[1, :, :, :1])


def test_a_fingerprint_is_one_of_the_contents(folder, images):
    before = ImageFiles("reals", folder).fingerprint()
    assert ImageFiles("fakes", folder).fingerprint() == before
    (folder / "a.png").write_bytes(png(255 - images[0]))
    assert ImageFiles("reals", folder).fingerprint() != before


def put(folder, name, content):
    (folder / name).write_bytes(content)


BAD = {
    "a size of its own": ("z.png", png(np.zeros((9, 6, 3), "uint8")), "z.png is 6 x 9, a.png is 6 x 8; all must be"),
    "a text called png": ("z.png", b"hello", "z.png is no PNG"),
}


@pytest.mark.parametrize(("name", "content", "words"), BAD.values(), ids=list(BAD))
def test_an_odd_file_is_refused_by_name(folder, name, content, words):
    put(folder, name, content)
    with pytest.raises(ValueError) as error:
        ImageFiles("fakes", folder)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_labels_that_cannot_be_read_are_those_of_the_argument(folder):
    put(folder, "dataset.json", b"{")
    with pytest.raises(ValueError, match=f"^fakes={folder}: dataset.json cannot be used"):
        ImageFiles("fakes", folder)


def test_other_files_are_passed_over_and_counted(folder):
    put(folder, "notes.txt", b"hello")
    put(folder, "deep/film.mov", b"hello")
    files = ImageFiles("fakes", folder)
    assert files.count == 5 and files.others == "1 .mov, 1 .txt"


def turned(pixels, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return picture_files.saved(Image.fromarray(pixels), exif=exif.tobytes())


def test_pictures_are_read_as_those_that_train(tmp_path, images):
    """Palettes, alpha, 16 bits, EXIF orientation, colour profiles, grey among colour: pixel for pixel."""
    square = images[0][:6, :6]
    alpha = np.dstack([square, np.full((6, 6), 100, "uint8")])
    kinds = {
        "palette.png": picture_files.saved(Image.fromarray(square).quantize(9)),
        "alpha.png": png(alpha),
        "deep.png": picture_files.png(16, 2, np.random.default_rng(0).integers(0, 65536, (6, 6, 3)).astype(">u2")),
        "turned.png": turned(square, 6),
        "profile.png": picture_files.saved(Image.fromarray(square), icc_profile=picture_files.icc(DISPLAY_P3)),
        "grey.png": png(square[..., 0]),
    }
    for name, content in kinds.items():
        put(tmp_path, name, content)
    files = ImageFiles("reals", tmp_path)
    assert files.shape == (6, 6, 3)
    for name, found in zip(sorted(kinds), next(files.batches()), strict=True):
        np.testing.assert_array_equal(found, decode.decode(kinds[name], 6, 3), err_msg=name)
    left = ImageFiles("reals", tmp_path, decode.Reading(no_icc=True))
    assert left.fingerprint() != files.fingerprint()
    np.testing.assert_array_equal(next(left.batches())[sorted(kinds).index("profile.png")], square)


def test_a_fingerprint_of_plain_pictures_does_not_depend_on_how_others_are_read(folder):
    assert ImageFiles("a", folder).fingerprint() == ImageFiles("a", folder, decode.Reading(True)).fingerprint()


def test_pictures_that_stand_upright_when_turned_are_of_one_size(tmp_path, images):
    put(tmp_path, "a.png", png(images[0]))
    put(tmp_path, "b.png", turned(np.rot90(images[1]), 6))
    files = ImageFiles("fakes", tmp_path)
    assert files.shape == (8, 6, 3)
    np.testing.assert_array_equal(next(files.batches()), images[:2])


def test_a_folder_that_cannot_be_read_is_refused(folder, monkeypatch):
    """As root every folder can be read: scandir plays the part."""
    inner = os.scandir

    def scandir(path):
        if str(path).endswith("er"):
            raise PermissionError(13, "Permission denied")
        return inner(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(ValueError, match=r"reals=.*: deep/er/ cannot be read \(Permission denied\)"):
        ImageFiles("reals", folder)


def test_a_truncated_image_is_refused_when_it_is_read(folder, images):
    put(folder, "a.png", png(images[0])[:-30])
    with pytest.raises(ValueError, match=r"a\.png is damaged"):
        list(ImageFiles("fakes", folder).batches())


def test_a_huge_image_is_refused_before_it_is_decoded(folder):
    put(folder, "z.png", png(np.zeros((8200, 8200), "uint8")))
    with pytest.raises(ValueError, match=r"z.png has more than 64 million pixels"):
        ImageFiles("fakes", folder)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_are_refused(tmp_path, images, count):
    if count:
        put(tmp_path, "a.png", png(images[0]))
    with pytest.raises(ValueError, match=rf"holds {count} image\(s\); a metric needs at least 2"):
        ImageFiles("reals", tmp_path)


def test_what_is_not_there_or_no_archive_is_refused(tmp_path):
    with pytest.raises(ValueError, match="does not exist"):
        ImageFiles("fakes", tmp_path / "nothing")
    put(tmp_path, "a.zip", b"hello")
    with pytest.raises(ValueError, match=r"fakes=.* is neither a folder nor a sound zip"):
        ImageFiles("fakes", tmp_path / "a.zip")


@pytest.mark.parametrize(
    "array", [np.zeros((5, 8, 6, 3)), *(np.zeros(shape, "uint8") for shape in ((5, 8, 6, 2), (5, 0, 6, 3), 5))]
)
def test_an_npz_of_something_else_is_refused(tmp_path, array):
    np.savez(tmp_path / "x.npz", images=array)
    with pytest.raises(ValueError, match="must hold `images`"):
        ImageFiles("fakes", tmp_path / "x.npz")


def test_a_folder_without_pictures_says_what_lies_in_it(tmp_path):
    (tmp_path / "film.mov").touch()
    with pytest.raises(ValueError, match=r"holds 0 image\(s\) \(passed over: 1 \.mov\); a metric needs at least 2"):
        ImageFiles("fakes", tmp_path)
    (tmp_path / "gone.png").symlink_to("nowhere")
    with pytest.raises(ValueError, match=r"gone\.png cannot be read \(No such file or directory\)$"):
        ImageFiles("fakes", tmp_path)


def test_a_pickle_is_never_loaded(tmp_path):
    np.savez(tmp_path / "x.npz", images=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="is no readable npz file"):
        ImageFiles("fakes", tmp_path / "x.npz")
