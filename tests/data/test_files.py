"""What is found in a folder or a zip file, and what a hostile one can do."""

import json
import os
import string
import struct
import zipfile

import hypothesis
import pytest
from hypothesis import strategies as st

from tfgan_zoo.data import files


def tree(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return str(root)


def packed(path, *names, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name in names:
            archive.writestr(name, name)
    return str(path)


def found(path):
    """What `scan` finds: ({name: content}, problems)."""
    with files.scan(path) as here:
        return {name: here.read(i).decode() for i, name in enumerate(here.names)}, list(here.problems)


def stamp(path):
    with files.scan(path) as here:
        return here.stamp


def refused(path):
    with pytest.raises(ValueError) as caught:
        found(path)
    message = str(caught.value)
    assert "\n" not in message and message.startswith(f"dataset={path}")
    return message


NAMES = ("b/2.png", "a/1.JPG", "a/deep/er/3.webp", "0.bmp", "b/ü 漢.gif", "a/x.jpeg")
OTHERS = ("a/notes.txt", "png", ".hidden.png", ".cache/1.png", "__MACOSX/a/1.png", "a/Thumbs.db")


def test_a_folder_and_its_zip_hold_the_same(tmp_path):
    folder = found(tree(tmp_path / "pictures", *NAMES, *OTHERS))
    assert folder == ({name: name for name in sorted(NAMES)}, [])
    assert found(packed(tmp_path / "pictures.zip", *NAMES, *OTHERS)) == folder
    assert found(packed(tmp_path / "small.zip", *NAMES, compression=zipfile.ZIP_LZMA)) == folder


@pytest.mark.parametrize("what", ["folder", "zip"])
def test_the_stamp_changes_with_a_file(tmp_path, what):
    def make(*names):
        return tree(tmp_path / "x", *names) if what == "folder" else packed(tmp_path / "x.zip", *names)

    path = make("a.png")
    before = stamp(path)
    assert stamp(path) == before
    make("a.png", "b.png")
    assert stamp(path) != before


def test_loops_of_symlinks_end(tmp_path):
    root = tmp_path / "root"
    tree(root, "a/1.png")
    (root / "a" / "up").symlink_to(root)
    (root / "self").symlink_to("self")
    (root / "b").symlink_to(tmp_path / "elsewhere")
    tree(tmp_path / "elsewhere", "2.png")
    (tmp_path / "elsewhere" / "back").symlink_to(root)
    assert found(str(root)) == ({"a/1.png": "a/1.png", "b/2.png": "2.png"}, [])


def test_a_folder_has_its_own_name_whatever_links_to_it(tmp_path):
    """Links come first in no order: a class is not lost to a name that sorts behind it, nor is another one's."""
    root = tmp_path / "root"
    tree(root, "cat/1.png", "dog/2.png")
    (root / "cat" / "other").symlink_to("../dog")
    (root / "dog" / "other").symlink_to("../cat")
    assert found(str(root)) == ({"cat/1.png": "cat/1.png", "dog/2.png": "dog/2.png"}, [])
    (root / "favourites").symlink_to("cat")
    pictures, problems = found(str(root))
    assert list(pictures) == ["cat/1.png", "dog/2.png"]
    assert problems == [
        ("favourites/", "is a class folder without a picture of its own, another name of cat/"),
    ]


def test_what_is_no_ordinary_file_does_not_keep_us_waiting(tmp_path):
    tree(tmp_path, "1.png")
    os.mkfifo(tmp_path / "dataset.json")
    assert "dataset.json cannot be used (is no ordinary file)" in refused(str(tmp_path))
    (tmp_path / "dataset.json").unlink()
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "gone.png").symlink_to("nowhere")
    with files.scan(str(tmp_path)) as here:
        assert here.names == ("1.png", "gone.png", "pipe.png", "zero.png")
        with pytest.raises(FileNotFoundError):
            here.read(1)
        for index in (2, 3):
            with pytest.raises(ValueError, match="is no ordinary file"):
                here.read(index)


def test_folders_that_cannot_be_read_are_problems(tmp_path, monkeypatch):
    """As root every folder can be read: scandir plays the part."""
    tree(tmp_path, "a/1.png", "b/2.png")
    scandir = os.scandir

    def forbidden(path):
        if str(path).endswith("b"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", forbidden)
    assert ("b/", "cannot be read (Permission denied)") in found(str(tmp_path))[1]


def test_a_path_that_leads_nowhere_says_why(tmp_path):
    (tmp_path / "photos").symlink_to("photos")
    assert "cannot be read (Too many levels of symbolic links)" in refused(str(tmp_path / "photos"))
    (tmp_path / "file").touch()
    assert "cannot be read (Not a directory)" in refused(str(tmp_path / "file" / "photos"))


def test_large_files_are_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 5)
    folder = tree(tmp_path / "x", "long name.png")
    for path in (folder, packed(tmp_path / "x.zip", "long name.png")):
        with files.scan(path) as here, pytest.raises(ValueError, match="has more than"):
            here.read(0)


# Labels


@pytest.mark.parametrize(
    "names, expected",
    [
        ([], ((), [])),
        (["1.png", "2.png"], ((), [0, 0])),
        (["b/1.png", "a/2.png", "b/c/3.png"], (("a", "b"), [1, 0, 1])),
        (["a/1.png", "2.png"], ((), [0, 0])),  # one lies outside
        (["photos/1.png", "photos/2.png"], ((), [0, 0])),  # a folder around everything is no class
        (["x/y/b/1.png", "x/y/a/2.png"], (("a", "b"), [1, 0])),
        (["x/b/1.png", "x/2.png"], ((), [0, 0])),
        (["x/1.png"], ((), [0])),
    ],
)
def test_classes_are_the_top_folders(names, expected):
    assert files.classes(names) == expected


@hypothesis.given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3), max_size=8))
def test_classes_name_the_folder_of_each_file(parts):
    names = ["/".join([*part, f"{i}.png"]) for i, part in enumerate(parts)]
    label_names, labels = files.classes(names)
    assert len(labels) == len(names) and list(label_names) == sorted(set(label_names))
    assert len(label_names) != 1
    for name, label in zip(names, labels, strict=True):
        assert label_names[label] in name.split("/") if label_names else label == 0


def test_a_class_folder_without_pictures_is_a_problem(tmp_path):
    root = tmp_path / "x"
    tree(root, "all/cat/1.png", "all/dog/2.png", "all/eel/notes.txt", "all/cat/empty/.keep", "all/fly/sub/deep.txt")
    reason = "is a class folder without a picture"
    assert found(str(root))[1] == [("all/eel/", f"{reason}, with 1 .txt"), ("all/fly/", f"{reason}, with 1 .txt")]
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ("cat/1.png", "dog/2.png", "eel/"):
            archive.writestr(name, "")
    assert found(str(tmp_path / "x.zip"))[1] == [("eel/", reason)]


def test_one_class_with_pictures_is_no_wrapper_however_deep_they_lie(tmp_path):
    tree(tmp_path, "cat/sub/1.png", "cat/sub/2.png", "dog/1.heif2")
    reason = "is a class folder without a picture, with 1 .heif2"
    assert found(str(tmp_path))[1] == [("dog/", reason)]
    with files.scan(str(tmp_path)) as here:
        assert files.labelled(here, here.names) == ((), [0, 0])


def test_classes_are_those_of_all_files_whichever_are_left(tmp_path):
    names = ("all/cat/a/1.png", "all/cat/b/2.png", "all/dog/3.png", "all/eel/4.png")
    for path in (tree(tmp_path / "x", *names), packed(tmp_path / "x.zip", *names)):
        with files.scan(path) as here:
            reason = "is a class without a picture that can be used"
            assert files.emptied(here, names) == []
            assert files.emptied(here, names[:3]) == [("eel", reason)]
            assert files.labelled(here, names[:3]) == (("cat", "dog"), [0, 0, 1])
            assert files.emptied(here, names[:2]) == [("dog", reason), ("eel", reason)]
            assert files.labelled(here, names[:2]) == ((), [0, 0])  # not a and b


def test_an_empty_folder_beside_loose_pictures_is_no_class(tmp_path):
    tree(tmp_path, "1.png", "raw/notes.txt")
    assert found(str(tmp_path))[1] == []


@pytest.mark.parametrize("name", ["plain", "ü 漢", "tab\tnew\nline", "\udcff.png", "\x1b[31m", "\u2028"])
def test_names_are_shown_on_one_line(name):
    shown = files.shown(name)
    assert shown.isprintable() and shown.encode()
    assert shown == name or "\\" in shown


# Zip files


def test_nothing_gets_out_of_a_zip(tmp_path):
    names = ("../out.png", "/etc/in.png", "a/../../b.png", "c\\d.png", "C:\\e.png")
    names = list(found(packed(tmp_path / "x.zip", *names))[0])
    assert names == ["C:/e.png", "a/b.png", "c/d.png", "etc/in.png", "out.png"]
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


def test_names_that_are_not_marked_as_utf_8_are_read_as_it(tmp_path):
    """macOS writes them so; what is no UTF-8 is the code page that the format names."""
    path = tmp_path / "x.zip"
    for name, page in (("Käse/1.png", "utf-8"), ("Käse/1.png", "cp437")):
        packed(path, name.replace("ä", "a" * len("ä".encode(page))))
        content = path.read_bytes()
        path.write_bytes(content.replace(b"K" + b"a" * len("ä".encode(page)), "Kä".encode(page)))
        with files.scan(str(path)) as here:
            assert here.names == (name,)


@pytest.mark.parametrize("around", ["./", "x\\", "/"])
def test_the_labels_are_found_however_a_zip_writes_its_names(tmp_path, around):
    labels = [["0\\1.png", 0], ["./1/2.png", 3]]
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name, content in (("0/1.png", ""), ("1/2.png", ""), ("dataset.json", json.dumps({"labels": labels}))):
            archive.writestr(around + name, content)
    with files.scan(str(tmp_path / "x.zip")) as here:
        assert files.labelled(here, here.names) == (("0", "3"), [0, 1])


def test_the_labels_of_several_parts_are_used_together(tmp_path):
    for path in (tree(tmp_path / "x", "train/0/1.png", "val/0/2.png"), tree(tmp_path / "y", "a/0/1.png", "b/2.png")):
        for part in ("train", "val", "a"):
            if os.path.isdir(f"{path}/{part}"):
                name = {"train": "0/1.png", "val": "0/2.png", "a": "0/1.png"}[part]
                with open(f"{path}/{part}/dataset.json", "w") as file:
                    json.dump({"labels": [[name, len(part)]]}, file)
    with files.scan(str(tmp_path / "x")) as here:
        assert files.labelled(here, here.names) == (("3", "5"), [1, 0]) and here.others == ()
    with files.scan(str(tmp_path / "y")) as here, pytest.raises(ValueError, match=r"has no label for b/2\.png"):
        files.labelled(here, here.names)


def test_a_bomb_is_not_inflated(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 10**6)
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.png", bytes(10**8))
    with files.scan(str(tmp_path / "x.zip")) as here, pytest.raises(ValueError, match="has more than"):
        here.read(0)


def test_encrypted_zips_are_one_line(tmp_path):
    path = packed(tmp_path / "x.zip", "1.png")
    content = bytearray((tmp_path / "x.zip").read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.index(mark) + offset
        content[place : place + 2] = struct.pack("<H", 1)
    (tmp_path / "x.zip").write_bytes(content)
    assert "is encrypted (1.png)" in refused(path)


@pytest.mark.parametrize("what", ["missing", "text", "empty", "cut", "a picture"])
def test_what_is_neither_a_folder_nor_a_zip(tmp_path, what):
    path = packed(tmp_path / "x.zip", *NAMES)
    content = (tmp_path / "x.zip").read_bytes()
    if what == "missing":
        assert "does not exist" in refused(str(tmp_path / "y.zip"))
        return
    damaged = {"text": b"text", "empty": b"", "cut": content[: len(content) // 2], "a picture": b"\x89PNG\r\n\x1a\n"}
    (tmp_path / "x.zip").write_bytes(damaged[what])
    assert "is neither a folder nor a sound zip file" in refused(path)


@hypothesis.settings(max_examples=150, deadline=None, suppress_health_check=["function_scoped_fixture"])
@hypothesis.given(st.data())
def test_fuzz_zips(tmp_path, data):
    """Whatever is damaged: a ValueError of one line, or members that can be read or not."""
    path = tmp_path / "x.zip"
    packed(path, *NAMES, compression=data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        with files.scan(str(path)) as here:
            for index in range(len(here.names)):
                try:
                    assert isinstance(here.read(index), bytes)
                except Exception as error:  # what `folders` takes for a damaged member
                    assert not isinstance(error, AssertionError)
    except ValueError as error:
        assert str(error).startswith("dataset=") and "\n" not in str(error)


@hypothesis.settings(max_examples=50, deadline=None, suppress_health_check=["function_scoped_fixture"])
@hypothesis.given(names=st.sets(st.text(string.printable + "ü漢\u2028", min_size=1, max_size=12), max_size=5))
def test_fuzz_names_in_zips(tmp_path, names):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(f"{name}.png", b"1")
    with files.scan(str(path)) as here:
        assert all(here.read(i) == b"1" for i in range(len(here.names)))
        assert not any(part in ("", ".", "..") for name in here.names for part in name.split("/"))
        files.classes(here.names)


@pytest.mark.parametrize(
    "ordered",
    [["0", "2", "10", "11"], ["a", "a2", "a10", "b1"], ["Zoo", "cat", "dög"], ["x" * 9]],
)
def test_names_with_numbers_sort_by_their_values(ordered):
    assert sorted(reversed(ordered), key=files.natural) == ordered


@hypothesis.given(st.lists(st.text("ab019", max_size=5), unique=True))
def test_the_natural_order_is_one_of_all_names(names):
    assert sorted(names, key=files.natural) == sorted(reversed(names), key=files.natural)
