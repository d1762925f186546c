"""Presets for others: what goes to the hub, how it comes back, and what is refused before anything is sent.

huggingface_hub is the real one; the hub is the stand-in of `hub_server`.
"""

import hashlib
import io
import json
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
import yaml
from PIL import Image

import tfgan_zoo
from tests.core import test_gan
from tests.pretrained import hub_server
from tfgan_zoo.cli import export, generate, train
from tfgan_zoo.pretrained import download, hub, loading, presets, publishing

URL = "hf://me/clothes"
FILES = ["README.md", "config.json", "metadata.json", "model.weights.h5", "samples.png"]


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A `Hub` that is asked where the real one would be, with a token."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # a protocol of its own; git LFS stands in
    monkeypatch.setenv("HF_TOKEN", hub_server.TOKEN)
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    found = hub_server.Hub()
    with hub_server.running(found) as url:
        monkeypatch.setenv("HF_ENDPOINT", url)
        yield found


@pytest.fixture(scope="module")
def model():
    return test_gan.make()


@pytest.fixture(scope="module")
def preset(model, tmp_path_factory):
    """The folder of a preset of images, without card and pictures."""
    folder = tmp_path_factory.mktemp("presets") / "plain"
    tfgan_zoo.save_to_preset(model, folder, dataset="mine", metrics=[{"metric": "fwd_10k"}, {"metric": "fwd_10k"}])
    return folder


def front_matter(card):
    return yaml.safe_load(card.decode().split("---\n")[1])


def message_of(function, *args, error=ValueError, **kwargs):
    with pytest.raises(error) as caught:
        function(*args, **kwargs)
    message = str(caught.value)
    assert "\n" not in message and len(message) < 600
    return message


# There and back


def test_what_is_published_is_what_others_load(served, preset, model, tmp_path):
    sizes = tfgan_zoo.upload_preset(preset, URL, license="cc-by-4.0")
    files = served.files["me/clothes"]
    assert sorted(files) == FILES and sizes == {name: len(content) for name, content in files.items()}
    assert files["model.weights.h5"] == (preset / "model.weights.h5").read_bytes()
    assert loading.kind(URL) == "preset"
    np.testing.assert_array_equal(tfgan_zoo.load(URL).generate(4), model.generate(4))
    assert generate.main([f"--model={URL}", "--num=4", f"--output={tmp_path / 'grid.png'}"]) == 0
    assert sum(path.endswith("/commit/main") for _, path in served.asked) == 1


def test_the_card_has_what_the_hub_asks_for_and_the_sheet_is_its_picture(served, preset, model):
    tfgan_zoo.upload_preset(preset, URL, license="cc-by-4.0")
    files = served.files["me/clothes"]
    assert front_matter(files["README.md"]) == {
        "license": "cc-by-4.0",
        "library_name": "keras",
        "pipeline_tag": "unconditional-image-generation",
        "tags": ["gan", "tfgan_zoo"],
        "metrics": ["fwd_10k"],
    }
    text = files["README.md"].decode()
    assert "# clothes\n" in text and "![samples](samples.png)" in text and f'tfgan_zoo.load("{URL}")' in text
    assert "Samples of the seeds 0 to 63, none picked" in text and "on `mine`" in text
    sheet = np.asarray(Image.open(io.BytesIO(files["samples.png"])))
    assert np.array_equal(sheet, np.asarray(tfgan_zoo.SampleSheet(model, 64).picture))
    digests = json.loads(files["metadata.json"])["sha256"]
    for name in ("config.json", "model.weights.h5", "samples.png"):
        assert digests[name] == hashlib.sha256(files[name]).hexdigest()


def test_a_preset_of_the_shelf_keeps_its_card_and_its_pictures(served):
    tfgan_zoo.upload_preset("pconv_fashion_mnist_10k", URL)
    folder, files = presets.BUILT_IN / "pconv_fashion_mnist_10k", served.files["me/clothes"]
    assert sorted(files) == sorted(path.name for path in folder.iterdir())
    for path in folder.iterdir():
        if path.name not in ("README.md", "metadata.json"):
            assert files[path.name] == path.read_bytes()
    text = files["README.md"].decode()
    assert (folder / "README.md").read_text().rstrip() in text
    front = front_matter(files["README.md"])
    assert front["license"] == "apache-2.0" and "fd_fashion_10k" in front["metrics"] and "pconv" in front["tags"]
    assert json.loads(files["metadata.json"]) == json.loads((folder / "metadata.json").read_text())


def test_a_second_upload_is_loaded_next(served, preset, model, tmp_path):
    tfgan_zoo.upload_preset(preset, URL)
    assert "license" not in front_matter(served.files["me/clothes"]["README.md"])
    tfgan_zoo.load(URL)
    other = test_gan.make(seed=5)
    other.ema_generator.set_weights([weight + 0.1 for weight in other.ema_generator.get_weights()])
    tfgan_zoo.save_to_preset(other, tmp_path / "other", license="mit")
    tfgan_zoo.upload_preset(tmp_path / "other", URL)
    assert front_matter(served.files["me/clothes"]["README.md"])["license"] == "mit"
    np.testing.assert_array_equal(tfgan_zoo.load(URL).generate(2), other.generate(2))


def test_front_matter_of_ones_own_is_taken_as_it_is(served, preset, tmp_path):
    shutil.copytree(preset, tmp_path / "mine")
    (tmp_path / "mine" / "README.md").write_text("---\nlicense: mit\n---\n\n# Mine\n")
    tfgan_zoo.upload_preset(tmp_path / "mine", URL)
    assert served.files["me/clothes"]["README.md"] == b"---\nlicense: mit\n---\n\n# Mine\n"
    assert "front matter already" in message_of(tfgan_zoo.upload_preset, tmp_path / "mine", URL, license="mit")


def test_series_have_no_sheet_and_points_no_tag_of_images(served, tmp_path):
    generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(24), keras.layers.Reshape((12, 2))])
    discriminator = keras.Sequential([keras.Input((12, 2)), keras.layers.Flatten(), keras.layers.Dense(1)])
    tfgan_zoo.save_to_preset(tfgan_zoo.GAN(generator, discriminator), tmp_path / "series")
    assert sorted(tfgan_zoo.upload_preset(tmp_path / "series", URL)) == [name for name in FILES if name[-4:] != ".png"]
    card = served.files["me/clothes"]["README.md"]
    assert "pipeline_tag" not in front_matter(card) and b"data of 12 x 2" in card and b"samples.png" not in card
    tfgan_zoo.upload_preset("gan_ring", "hf://me/ring")
    assert "pipeline_tag" not in front_matter(served.files["me/ring"]["README.md"])


# Nothing sent


def test_a_dry_run_prints_and_sends_nothing(served, preset, monkeypatch, capsys):
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    sizes = tfgan_zoo.upload_preset(preset, URL, dry_run=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"would go to {URL}:" and [line.split()[1] for line in lines[1:]] == FILES == sorted(sizes)
    assert not served.asked


@pytest.mark.parametrize(
    "url",
    [
        *("hf://me", "hf://a/b/c", "hf:///x", "hf://me/", "hf://me/a--b", "hf://me/.x", "hf://me/ä", "https://me/x"),
        *("me/x", "hf://me/" + "x" * 97, "hf://me/x\n", "hf://me/x?y"),
    ],
)
def test_another_address_is_one_line(url, preset):
    with pytest.raises(ValueError, match=r"must be hf://ORGANISATION/NAME") as caught:
        tfgan_zoo.upload_preset(preset, url)
    assert str(caught.value).startswith(f"url={url}")


def test_an_address_without_a_name_is_refused_before_it_is_asked(served):
    for source in ("hf://clothes", "hf://a/b/c"):
        assert f"model={source} must be hf://" in message_of(loading.kind, source)
        assert f"preset={source} must be hf://" in message_of(presets.from_preset, source)
    assert not served.asked


def test_the_extra_and_a_token_are_asked_for_first(served, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "none"))
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    assert "needs a token" in message_of(tfgan_zoo.upload_preset, "nowhere", URL)
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert "pip install 'tfgan-zoo[hub]'" in message_of(tfgan_zoo.upload_preset, "nowhere", URL)


@pytest.mark.parametrize("name", ["model.weights.h5", "samples.png"])
def test_what_is_damaged_is_not_sent(name, served, tmp_path):
    shutil.copytree(presets.BUILT_IN / "gan_ring", tmp_path / "ring")
    with (tmp_path / "ring" / name).open("ab") as file:
        file.write(b" ")
    assert f"the SHA-256 of {name} is not the one" in message_of(tfgan_zoo.upload_preset, tmp_path / "ring", URL)
    assert not served.asked


def test_what_is_no_preset_is_one_line(served, preset, tmp_path):
    assert "preset=nowhere" in message_of(tfgan_zoo.upload_preset, "nowhere", URL)
    assert "folder=hf://me/x" in message_of(tfgan_zoo.upload_preset, "hf://me/x", URL)
    assert "license=My own" in message_of(tfgan_zoo.upload_preset, preset, URL, license="My own")
    tfgan_zoo.save_to_preset(tfgan_zoo.load("gan_ring"), tmp_path / "ring", license=["mit"])
    assert "license=['mit']" in message_of(tfgan_zoo.upload_preset, tmp_path / "ring", URL)
    assert not served.asked


@pytest.mark.parametrize("part", ["create", "preupload", "batch", "commit"])
def test_a_hub_that_refuses_is_one_line_and_has_no_files(part, served):
    served.refused = part
    message = message_of(tfgan_zoo.upload_preset, "gan_ring", URL, error=hub.HubError)
    assert message.startswith(f"url={URL} was not taken: ") and "403" in message
    assert not served.files.get("me/clothes")


def test_a_hub_that_is_not_there_is_one_line(served, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "was not taken" in message_of(tfgan_zoo.upload_preset, "gan_ring", URL, error=hub.HubError)


# On the command line


def test_a_run_is_published_and_generates_from_the_hub(served, tmp_path, capsys):
    flags = ["--method=gan", "--dataset=ring", "--width=8", "--batch_size=8", "--threads=2", "--kimg=0.016"]
    assert train.main([*flags, f"--run_dir={tmp_path / 'run'}"]) == 0
    asked = [f"--model={tmp_path / 'run'}", "--format=preset", f"--output={URL}", "--license=mit"]
    assert export.main([*asked, "--dry_run"]) == 0 and not served.asked
    assert export.main(asked) == 0
    out = capsys.readouterr().out
    assert f"would go to {URL}:" in out and f"export    {URL}: " in out
    assert str(tmp_path) not in "".join(map(str, served.files["me/clothes"].values()))
    about = json.loads(served.files["me/clothes"]["metadata.json"])
    assert about["dataset"] == "ring" and about["method"] == "gan" and about["step"] == 2
    assert tfgan_zoo.load(URL).generate(2).tobytes() == tfgan_zoo.load(tmp_path / "run").generate(2).tobytes()


def test_of_a_folder_of_pictures_the_name_alone_is_told(model, monkeypatch, tmp_path):
    for known, told in (
        ({"dataset": str(tmp_path / "photos"), "data_dir": "/x"}, {"dataset": "photos"}),
        ({"dataset": "./logos.zip", "split": None}, {"dataset": "logos.zip"}),
        ({"dataset": "cifar10", "split": "train[:50%]"}, {"dataset": "cifar10", "split": "train[:50%]"}),
        ({}, {}),
    ):
        monkeypatch.setattr(loading, "origin", lambda source, known=known: known)
        assert publishing._origin("run", model) == {"method": "gan", **told}


def test_a_preset_has_one_state_and_a_keras_file_is_one_too(model, tmp_path, capsys):
    asked = ["--format=preset", f"--output={tmp_path / 'preset'}"]
    assert export.main(["--model=gan_ring", "--checkpoint=5", *asked]) == 2
    assert "checkpoint=5 is not in gan_ring" in capsys.readouterr().err
    model.save(tmp_path / "gan.keras")
    assert export.main([f"--model={tmp_path / 'gan.keras'}", *asked]) == 0
    np.testing.assert_array_equal(tfgan_zoo.load(tmp_path / "preset").generate(2), model.generate(2))


def test_a_preset_is_written_here_too(preset, model, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert export.main([f"--model={preset}", "--format=preset", f"--output={tmp_path / 'empty'}"]) == 0
    assert sorted(path.name for path in (tmp_path / "empty").iterdir()) == FILES
    assert not (tmp_path / "empty" / "README.md").read_text().startswith("---")
    np.testing.assert_array_equal(tfgan_zoo.load(tmp_path / "empty").generate(2), model.generate(2))
    assert export.main([f"--model={preset}", "--format=preset", f"--output={tmp_path / 'empty'}"]) == 2
    assert "is not overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags, words",
    [
        (["--format=preset", "--output=hf://me"], "output=hf://me must be hf://ORGANISATION/NAME"),
        (["--format=preset", "--output=https://host/x"], "output=https://host/x must be hf://ORGANISATION/NAME"),
        (["--output=hf://me/x"], "output=hf://me/x is for format=preset"),
        (["--format=preset", "--output=x", "--dry_run"], "dry_run=True is for output=hf://ORGANISATION/NAME, not x"),
        (["--output=x", "--license=mit"], "license=mit is for format=preset"),
        (["--format=preset", "--output=."], "output=. is where you are, which no whole folder can replace"),
        (["--format=web", "--output=."], "output=. is where you are, which no whole folder can replace"),
        (["--format=preset", "--output=x", "--license=My own"], "license=My own must be a word"),
        (["--format=preset", "--output=hf://me/x", "--version=1", "--dry_run"], "version=1 is for format=saved_model"),
    ],
)
def test_bad_flags_are_one_line_before_tensorflow_starts(flags, words, tmp_path):
    code = f"""
import sys
from tfgan_zoo.cli import export
status = export.main(["--model=gan_ring", *{flags!r}])
assert "tensorflow" not in sys.modules and "huggingface_hub" not in sys.modules
raise SystemExit(status)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and words in done.stderr
    assert not list(tmp_path.iterdir())


def test_where_the_hub_is(monkeypatch):
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert download._base(URL) == "https://huggingface.co/me/clothes/resolve/main"
