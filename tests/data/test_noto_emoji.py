"""noto_emoji_64, the colour data set in the package."""

import json
import lzma

import build_noto_emoji
import numpy as np
import pytest

from tfgan_zoo import data
from tfgan_zoo.data import noto_emoji


@pytest.fixture(scope="module")
def emoji():
    return data.load("noto_emoji_64")


@pytest.fixture(scope="module")
def index():
    return json.loads((noto_emoji.FOLDER / noto_emoji.INDEX).read_text())


@pytest.fixture(scope="module")
def layers(index):
    """The pixels as they lie in the file."""
    levels = np.frombuffer(lzma.decompress((noto_emoji.FOLDER / noto_emoji.PICTURES).read_bytes()), np.uint8)
    return levels.reshape(sum(map(len, index.values())), 64, 64, 4)


def test_description(emoji, index):
    assert emoji.shape == (64, 64, 3) == data.check("noto_emoji_64")
    assert (emoji.num_train, emoji.num_heldout, emoji.num_classes) == (3449, 313, 9)
    assert emoji.label_names == tuple(index) and "Flags" in index
    assert sum(path.stat().st_size for path in noto_emoji.FOLDER.iterdir()) < 8e6


def test_every_picture_is_there_once_with_its_group_over_white(emoji, index, layers):
    """Composed in whole numbers: a sum over 255 is never halfway between two levels."""
    groups = np.repeat(np.arange(len(index)), [len(codes) for codes in index.values()])
    opaque = layers[..., 3:].astype("int32")
    levels = (layers[..., :3] * opaque + 255 * (255 - opaque) + 127) // 255
    wanted = sorted(zip(map(np.ndarray.tobytes, levels.astype("uint8")), groups.tolist(), strict=True))
    splits = emoji.reals(emoji.num_train), emoji.reals(emoji.num_heldout, "heldout")
    images, labels = (np.concatenate(both) for both in zip(*splits, strict=True))
    levels = np.round((images + 1) * 127.5).astype("uint8")
    assert sorted(zip(map(np.ndarray.tobytes, levels), labels.tolist(), strict=True)) == wanted


def test_variants_of_an_emoji_are_on_one_side(index):
    """Skin tones, as the Unicode standard numbers them, by themselves: the split's own rule is wider."""
    sides = {}
    for code in (code for codes in index.values() for code in codes):
        plain = "-".join(point for point in code.split("-") if point not in [f"1F3F{tone}" for tone in "BCDEF"])
        held_out = noto_emoji._hash(noto_emoji.family(code)) % noto_emoji._HELD_OUT == 0
        sides.setdefault(plain, set()).add(held_out)
    assert all(len(side) == 1 for side in sides.values())
    assert len(sides) < sum(map(len, index.values())) / 1.9  # half of all pictures are variants


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1F44B", "1F44B-1F3FD", True),  # a waving hand
        ("1F3C3-200D-2640-FE0F", "1F3C3-1F3FF-200D-2642-FE0F-200D-27A1-FE0F", True),  # runners
        ("1F468-200D-1F692", "1F9D1-1F3FB-200D-1F692", True),  # firefighters
        ("1F468-200D-1F692", "1F468-200D-1F33E", False),  # a firefighter, a farmer
        ("2764-FE0F", "2764", True),
        ("1F600", "1F601", False),
    ],
)
def test_family(one, other, same):
    assert (noto_emoji.family(one) == noto_emoji.family(other)) == same


def test_32_px_are_means_over_areas_on_any_background(layers):
    small = noto_emoji.over(layers[:3], (10, 200, 30), 32).astype("float64")
    opaque = layers[:3, ..., 3:].astype("float64") / 255
    whole = layers[:3, ..., :3] * opaque + np.array([10, 200, 30]) * (1 - opaque)
    by_hand = sum(whole[:, row::2, column::2] for row in (0, 1) for column in (0, 1)) / 4
    assert np.abs(small - by_hand).max() <= 0.501


def test_rgba_has_its_colours_times_alpha(layers):
    found = noto_emoji.over(layers[:3], None, 64)
    assert np.abs(found[..., :3] - layers[:3, ..., :3] * (layers[:3, ..., 3:] / 255.0)).max() <= 0.501
    np.testing.assert_array_equal(found[..., 3], layers[:3, ..., 3])
    assert data.check("noto_emoji_64", image_size=32, channels=4) == (32, 32, 4)


def test_what_can_be_asked_for(monkeypatch):
    asked = {}
    entry = data.DATASETS["noto_emoji_64"]
    monkeypatch.setitem(data.DATASETS, "noto_emoji_64", entry)
    monkeypatch.setattr(type(entry), "load", lambda self: lambda name, *_, **choices: asked.update(choices))
    data.load("noto_emoji_64", image_size=32, background="black")
    assert asked == {"background": (0, 0, 0)}
    for wrong, words in (
        ({"image_size": 128}, "image_size=128: noto_emoji_64 has images of 64 px; choose from 32, 64"),
        ({"channels": 1}, "channels=1: .* choose from 3"),
        ({"background": "pink"}, "background=pink must be white, black"),
        ({"resize": "pad"}, "resize=pad is for folders"),
    ):
        with pytest.raises(ValueError, match=words):
            data.load("noto_emoji_64", **wrong)


def test_one_flipped_bit_is_found(tmp_path, monkeypatch):
    for name in (noto_emoji.PICTURES, noto_emoji.INDEX):
        (tmp_path / name).write_bytes((noto_emoji.FOLDER / name).read_bytes())
    content = bytearray((tmp_path / noto_emoji.PICTURES).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / noto_emoji.PICTURES).write_bytes(content)
    monkeypatch.setattr(noto_emoji, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match=r"pictures\.xz is damaged"):
        data.load("noto_emoji_64")


def test_the_licences_are_beside_the_files():
    text = (noto_emoji.FOLDER / "LICENSE").read_text()
    for words in ("Google", "Apache License, Version 2.0", "The MIT License", "Cal Henderson"):
        assert words in text


def test_the_list_is_read_in_order_with_variants_and_without_swatches():
    def entry(order, category, name, **more):
        return {"sort_order": order, "category": category, "unified": name, "image": f"{name}.png"} | more

    real = {"has_img_google": True}
    tones = {"1F3FB": {"unified": "B-1F3FB", "image": "b-1f3fb.png", **real}}
    emoji = [
        entry(2, "People", "B", skin_variations=tones, **real),
        entry(1, "Smileys", "A", **real),
        entry(3, "Component", "C", **real),
        entry(4, "Flags", "D", has_img_google=False),
    ]
    assert list(build_noto_emoji.listed(emoji)) == [
        ("Smileys", "A", "A.png"),
        ("People", "B", "B.png"),
        ("People", "B-1F3FB", "b-1f3fb.png"),
    ]


def test_another_archive_is_refused_in_one_line(tmp_path, capsys):
    (tmp_path / "x.tgz").write_bytes(b"other")
    for name in ("x.tgz", "missing.tgz"):
        assert build_noto_emoji.main([str(tmp_path / name)]) == 1
        assert capsys.readouterr().err.count("\n") == 1
