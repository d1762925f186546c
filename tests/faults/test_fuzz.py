"""Made-up flags, JSON, presets, archives and answers: one line or success, nothing left behind, under 1 GiB, no hang.

The draws are fixed, so that the default suite says the same every day; the slow ones are new every time.
"""

import contextlib
import copy
import json
import math
import os
import pathlib
import resource
import secrets
import subprocess
import sys

import pytest
import tensorflow as tf
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.serving.test_client import floats, said
from tfgan_zoo import serving, web
from tfgan_zoo.cli import evaluate, export, generate, train
from tfgan_zoo.methods import GAN
from tfgan_zoo.networks import build
from tfgan_zoo.pretrained import presets
from tfgan_zoo.settings import recipes

HOSTILE = pathlib.Path(__file__).with_name("hostile_files.py")


def cases(number):
    """Settings for so many fixed draws."""
    return settings(
        max_examples=number, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )


ODD = ["", '"a', "a\nb", "\x1b[2J", "\udcff", "0", "-1", "1e999", "nan", "None"]
WORDS = st.text(max_size=12) | st.sampled_from(ODD)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats() | st.integers(-2, 300)
ATOMS = st.none() | st.booleans() | NUMBERS | WORDS
JSON = st.recursive(ATOMS, lambda it: st.lists(it, max_size=4) | st.dictionaries(WORDS, it, max_size=4), max_leaves=12)


@pytest.fixture(scope="module", autouse=True)
def _under_a_gibibyte():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20  # KiB


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder, empty, of a process whose threads are not set again."""
    monkeypatch.setattr(tf.config.threading, "set_intra_op_parallelism_threads", lambda number: None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextlib.contextmanager
def one_line(error=ValueError):
    """Takes an error of one printable line, which is not longer than a screen."""
    try:
        yield
    except error as caught:
        assert "\n" not in str(caught) and len(str(caught)) < 2000


# Flags


def flags_of(command):
    """Draws command lines of a command: its flags with values of their kind and of others."""
    names = [name for name in command.COMMAND.names() if name not in ("help", "list")]
    likely = ["pconv", "gan", "ces", "express", "fashion_mnist_10k", "ring", "mlp", "hinge", "r1", "0.5", "32", "color"]
    values = st.sampled_from(likely) | WORDS | NUMBERS.map(str)
    flag = st.tuples(st.sampled_from(["--", "--no", "-", ""]) | st.just("--"), st.sampled_from(names), values)
    return st.lists(flag.map(lambda it: f"{it[0]}{it[1]}={it[2]}") | WORDS, max_size=6)


def ends_well(command, flags, folder, capsys):
    before = sorted(folder.rglob("*"))
    status = command.main(flags)
    out, err = capsys.readouterr()
    assert status in (0, 2), (flags, err)
    if status == 2:
        assert out == "" and err.count("\n") == 1 and err[:-1].isprintable() and len(err) < 700, (flags, err)
    assert sorted(folder.rglob("*")) == before, flags


def test_flags_of_train(here, capsys):
    @cases(300)
    @given(flags_of(train))
    @example(['--eval_metrics="a'])
    @example(["--augment=a\nb"])
    def check(flags):
        ends_well(train, [*flags, "--dry_run"], here, capsys)

    check()


@pytest.mark.parametrize("command", [generate, export, evaluate])
def test_flags_of_the_others(command, here, capsys):
    """Of no model there is, so that all of it is decided before TensorFlow starts."""

    @cases(120)
    @given(flags_of(command))
    def check(flags):
        flags = [flag for flag in flags if "model" not in flag and "reals" not in flag]
        ends_well(command, [*flags, "--model=nothing"], here, capsys)

    check()


# JSON


def changed(draw, value):
    """Replaces a value somewhere inside a JSON value by another one, or takes it out."""
    value = copy.deepcopy(value)
    place = value
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return value
        key = draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and draw(st.integers(0, 3)):
            place = place[key]
            continue
        if draw(st.integers(0, 5)):
            place[key] = draw(JSON)
        else:
            del place[key]
        return value


def test_recipes(here, capsys):
    path = here / "recipe.json"
    whole = json.loads((recipes.FOLDER / "gan_ring.json").read_text())

    @cases(250)
    @given(st.data())
    def check(data):
        value = data.draw(JSON) if data.draw(st.booleans()) else changed(data.draw, whole)
        path.write_text(json.dumps(value))
        ends_well(train, [f"--recipe={path}", "--dry_run"], here, capsys)

    @cases(150)
    @given(st.binary(max_size=60))
    @example(b"[" * 100_000)
    @example(b'{"a":' * 100_000)
    @example(b"\xff")
    def check_bytes(content):
        path.write_bytes(content)
        with one_line():
            recipes.read(str(path))

    check(), check_bytes()


# Presets


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    """The folder of a small preset."""
    networks = (build("mlp", role, shape=(2,), width=4) for role in ("generator", "discriminator"))
    folder = tmp_path_factory.mktemp("shelf") / "ring"
    presets.save_to_preset(GAN(*networks), folder)
    return folder


def try_presets(preset, number, monkeypatch):
    config = json.loads((preset / presets.CONFIG).read_text())
    content = (preset / presets.CONFIG).read_text()
    monkeypatch.setattr(presets, "digest", lambda path: "")
    about = json.loads((preset / presets.METADATA).read_text())
    about["sha256"] = {name: "" for name in about["sha256"]}
    described = (preset / presets.METADATA).read_text()
    (preset / presets.METADATA).write_text(json.dumps(about))

    @number
    @given(st.data())
    def check(data):
        (preset / presets.CONFIG).write_text(json.dumps(changed(data.draw, config)))
        with one_line():
            assert isinstance(presets.from_preset(preset), GAN)

    try:
        check()
    finally:
        (preset / presets.CONFIG).write_text(content)
        (preset / presets.METADATA).write_text(described)


def test_configurations_of_presets(preset, monkeypatch):
    try_presets(preset, cases(20), monkeypatch)


@pytest.mark.slow
def test_configurations_of_presets_slow(preset, monkeypatch):
    number = settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    try_presets(preset, number, monkeypatch)


# Files, in a process of their own


def try_files(folder, seed, **kinds):
    command = [sys.executable, str(HOSTILE), str(folder), str(seed), json.dumps(kinds)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, sys.path))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=environment)
    assert done.returncode == 0, (seed, done.stderr[-2000:])
    read_well = json.loads(done.stdout)
    assert all(0 < read_well[kind] < number for kind, number in kinds.items())
    assert not list(folder.iterdir())


def test_files(tmp_path):
    try_files(tmp_path, 0, zips=250, npzs=250, weights=250, keras=60)


@pytest.mark.slow
def test_files_slow(tmp_path):
    try_files(tmp_path, secrets.randbits(32), zips=5000, npzs=5000, weights=5000, keras=2000)


# Answers


def test_answers_of_servers(monkeypatch):
    documented = said(images=floats(-1, 4, 4, 1))
    images = {"outputs": [[[[0.5]] * 4] * 4]}

    @cases(250)
    @given(st.data())
    def check(data):
        def ask(url, seconds, most, body=None, headers=None):
            value = documented if url.endswith("/metadata") else images
            value = changed(data.draw, value) if data.draw(st.booleans()) else value
            content = json.dumps(value).encode()
            if not data.draw(st.integers(0, 9)):
                content = data.draw(st.sampled_from([b"", b"[" * 100_000, b"\xff", b"1" * 5000, b'{"a":' * 100_000]))
            return content

        monkeypatch.setattr(web, "ask", ask)
        client = serving.Client("http://host:8501/v1/models/m", tries=1)
        with one_line((ValueError, serving.ServingError)):
            assert 1 <= client.latent_dim <= 2**26 and math.prod(client.image_shape) <= 2**26
            assert client.generate(1).shape == (1, *client.image_shape)

    check()


def test_redirects():
    hosts = ["h", "huggingface.co", "cdn-lfs.huggingface.co", "x.hf.co", "evil", "[", "h:99999", "a@h", ""]
    protocols = st.sampled_from(["http", "https", "ftp", "file", ""])
    urls = st.builds("{}://{}/{}".format, protocols, st.sampled_from(hosts), WORDS)

    @cases(150)
    @given(urls, urls | WORDS)
    def check(old, new):
        with contextlib.suppress(ValueError):
            if web.may_redirect(old, new):
                assert new.startswith("https:" if old.startswith("https:") else "http")

    check()
