"""The registry of named metrics: what a name stands for, and what is refused before TensorFlow starts."""

import re
import subprocess
import sys

import pytest

from tfgan_zoo.evaluation import protocols
from tfgan_zoo.evaluation.protocols import PROTOCOLS, choose, defaults


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_name_says_how_many_fakes(name):
    count = re.search(r"_(\d+)(k?)(_|$)", name)
    expected = int(count[1]) * (1000 if count[2] else 1) if count else None
    assert PROTOCOLS[name].fakes == expected
    assert (expected is None) == name.endswith("_all")


@pytest.mark.parametrize("protocol", PROTOCOLS.values(), ids=list(PROTOCOLS))
def test_every_protocol_is_complete(protocol):
    assert callable(protocol.function)
    assert protocol.better in ("lower", "higher")
    assert (protocol.extractor in ("inception", "lite0")) == (protocol.resize in ("tf1_bilinear", "pil_bicubic"))


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (["fid"], {}, "metrics=fid is unknown (did you mean"),
        ([], {}, "metrics= is empty"),
        (["fid_all"], {}, "metrics=fid_all is for two sets"),
        (["fd_given_10k"], {}, "needs --extractor=PATH"),
        (["modes_2500"], {"shape": (32, 32, 1)}, "is for mixtures"),
        (["fid_50k_train"], {"shape": (2,)}, "is for images"),
        (["fd_fashion_10k"], {"shape": (32, 32, 3)}, "grey images of 28 x 28"),
        (["modes_stacked_26k"], {"shape": (32, 32, 1)}, "is for three stacked images"),
        (["fd_fashion_10k"], {"shape": (64, 64, 1)}, "grey images of 28 x 28"),
        (["fwd_10k"], {"shape": (24, 32, 3)}, "sides are multiples of 16, not (24, 32, 3)"),
    ],
)
def test_what_does_not_go_is_refused_in_one_line(names, options, words):
    with pytest.raises(ValueError, match=re.escape(words)) as error:
        choose(names, **options)
    assert "\n" not in str(error.value)


def test_defaults_go_with_the_data():
    for dataset, shape in (
        ("ring", (2,)),
        ("stacked_fashion", (32, 32, 3)),
        ("fashion_mnist_10k", (32, 32, 1)),
        ("cifar10", (32, 32, 3)),
        ("noto_emoji_64", (64, 64, 3)),
        ("./tiny", (8, 8, 3)),
    ):
        assert choose(defaults(dataset, shape), shape=shape)
    of_classes = defaults("noto_emoji_64", (64, 64, 3), classes=9)
    known = choose(of_classes, shape=(64, 64, 3), classes=9)
    assert known.keys() >= {"fd_lite0_10k", "fwd_10k", "kd_lite0_per_class_1k"}
    assert not any(protocol.extractor == "inception" for protocol in known.values())  # nothing to download
    assert "kd_lite0_per_class_1k" not in defaults("cifar100", (32, 32, 3), classes=100)


def test_the_registry_needs_no_tensorflow():
    code = f"import sys, {protocols.__name__}; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
