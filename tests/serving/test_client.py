"""The client against real gRPC and the REST paths: `server.py` says what of it is TensorFlow Serving's."""

import numpy as np
import pytest
from PIL import Image

from tests.serving import models, server
from tfgan_zoo import loading, serving
from tfgan_zoo.cli import generate
from tfgan_zoo.remote import is_server


@pytest.fixture(scope="module")
def clothes(tmp_path_factory):
    """(the model, its export as a server holds it)."""
    model = models.make()
    return model, server.Model(serving.export(model, tmp_path_factory.mktemp("exports") / "clothes", max_batch=16))


@pytest.fixture(scope="module", params=["grpc", "rest"])
def url(request, clothes):
    with getattr(server, f"over_{request.param}")(clothes[1]) as url:
        yield url


@pytest.fixture(scope="module")
def rest(clothes):
    with server.over_rest(clothes[1]) as url:
        yield url


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def client(url, pauses):
    return serving.Client(url, pause=pauses.append)


def test_it_is_the_model(client, clothes):
    model = clothes[0]
    assert client.latent_dim == model.latent_dim and client.image_shape == (32, 32, 1)
    images = client.generate(5, seed=7, truncation=0.7, batch_size=2)
    assert images.dtype == np.float32 and images.shape == (5, 32, 32, 1)
    np.testing.assert_allclose(images, model.generate(5, 7, 0.7), atol=0.5 / 255 + 1e-6)


def test_floats_on_request(url, clothes):
    images = serving.Client(url, png=False).generate(3, seed=-1)
    np.testing.assert_allclose(images, clothes[0].generate(3, -1), atol=1e-6)


def test_latents(client, clothes):
    latents = np.random.default_rng(0).normal(size=(3, client.latent_dim)).astype("float32")
    np.testing.assert_allclose(client.sample(latents), clothes[0].sample(latents), atol=1e-6)


def test_it_tries_again_while_the_server_is_unavailable(client, clothes, pauses):
    client.generate(1)
    clothes[1].unavailable = 3
    assert client.generate(1).shape == (1, 32, 32, 1)
    assert pauses == [0.2, 0.4, 0.8]


def test_it_gives_up(url, clothes, pauses):
    client = serving.Client(url, tries=3, pause=pauses.append)
    client.generate(1)
    clothes[1].unavailable = 3
    with pytest.raises(serving.ServingError, match="not yet") as error:
        client.generate(1)
    assert error.value.unavailable and len(pauses) == 2 and clothes[1].unavailable == 0


def test_it_waits_for_the_model(client, clothes, pauses):
    clothes[1].unavailable = 2
    client.wait(60)
    assert pauses == [0.2, 0.4]
    clothes[1].unavailable = 99
    with pytest.raises(serving.ServingError, match=r"not served within 0.1 s: .*not yet"):
        client.wait(0.1)
    clothes[1].unavailable = 0


def test_what_a_server_would_refuse_is_refused_first(client, clothes):
    client.generate(1)
    before = len(clothes[1].requests)
    for options, words in (
        ({"num": 0}, "num=0 must be at least 1"),
        ({"num": 1, "batch_size": 0}, "batch_size=0"),
        ({"num": 1, "truncation": 1.5}, r"truncation=1.5 must be in \[0, 1\]"),
        ({"num": 1, "labels": 3}, "labels=3: .* is not conditional"),
    ):
        with pytest.raises(ValueError, match=words):
            client.generate(**options)
    for latents in (np.zeros((2, 3)), np.zeros(client.latent_dim), np.full((1, client.latent_dim), np.nan)):
        with pytest.raises(ValueError, match="must be finite numbers"):
            client.sample(latents)
    assert len(clothes[1].requests) == before


def test_too_large_a_batch_is_refused_by_the_graph(client):
    with pytest.raises(serving.ServingError, match="seeds has more rows than the limit of this export, 16") as error:
        client.generate(17, batch_size=17)
    assert error.value.refused and "\n" not in str(error.value)
    assert client.generate(17, batch_size=16).shape[0] == 17


def test_another_name_is_not_found(url):
    with pytest.raises(serving.ServingError, match="clothez") as error:
        serving.Client(url.replace("clothes", "clothez"), tries=1).generate(1)
    assert not error.value.unavailable


def test_nobody_there(pauses):
    for url in ("http://127.0.0.1:9/v1/models/clothes", "grpc://127.0.0.1:9/clothes"):
        with pytest.raises(serving.ServingError) as error:
            serving.Client(url, tries=2, timeout=5, pause=pauses.append).generate(1)
        assert error.value.unavailable
    assert len(pauses) == 2


def test_png_moves_a_tenth_of_the_bytes_of_json_floats(rest, clothes):
    sent = []
    for png in (True, False):
        client = serving.Client(rest, png=png)
        client.signatures  # noqa: B018 (asked for before the count)
        before = clothes[1].bytes_sent
        client.generate(16)
        sent.append(clothes[1].bytes_sent - before)
    assert sent[1] > 10 * sent[0]


def test_generate_py_takes_a_server_like_any_other_model(url, clothes, tmp_path, capsys):
    assert generate.main([f"--model={url}", "--num=4", "--seed=3", f"--output={tmp_path / 'served.png'}"]) == 0
    with Image.open(tmp_path / "served.png") as image:
        served = np.asarray(image, int)
    from tfgan_zoo import pictures

    local = np.asarray(pictures.grid(clothes[0].generate(4, 3)), int)
    assert np.abs(served - local).max() <= 1


def test_generate_py_says_in_one_line_that_nobody_is_there(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    flags = ["--model=http://127.0.0.1:9/v1/models/clothes", f"--output={tmp_path / 'x.png'}"]
    assert generate.main(flags) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "127.0.0.1:9" in error and not list(tmp_path.iterdir())


def test_urls():
    good = [
        "http://h:8501/v1/models/m",
        "https://h/v1/models/m/versions/3",
        "grpc://h:8500/m",
        "grpc://h:8500/m/versions/2",
    ]
    assert all(map(is_server, good))
    assert not any(map(is_server, ["http://h:8501/models/m", "grpc://h:8500", "m", "https://h/presets/m"]))
    assert loading.kind(good[0]) == "server"
    with pytest.raises(ValueError, match="url=nothing must be http"):
        serving.Client("nothing")


def test_mixtures_are_served_as_numbers(tmp_path):
    model = models.make("mlp", (2,), 8)
    held = server.Model(serving.export(model, tmp_path / "clothes"))
    with server.over_grpc(held) as url:
        client = serving.Client(url)
        assert client.image_shape == (2,)
        np.testing.assert_allclose(client.generate(9, seed=2), model.generate(9, 2), atol=1e-6)
