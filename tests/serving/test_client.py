"""The client against real gRPC and the REST paths: `server.py` says what of it is TensorFlow Serving's."""

import base64
import io
import json
import threading
import types

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfgan_zoo.serving.client
from tests.serving import models, server
from tfgan_zoo import pictures, serving
from tfgan_zoo.cli import generate
from tfgan_zoo.pretrained import loading
from tfgan_zoo.pretrained.download import is_server


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


def test_it_waits_for_the_model(client, clothes, pauses, monkeypatch):
    monkeypatch.setattr(tfgan_zoo.serving.client, "time", types.SimpleNamespace(monotonic=lambda: sum(pauses)))
    clothes[1].unavailable = 2
    client.wait(60)
    assert pauses == [0.2, 0.4]
    clothes[1].unavailable = 3
    with pytest.raises(serving.ServingError, match=r"not served within 0.5 s: .*not yet"):
        client.wait(0.5)
    np.testing.assert_allclose(pauses[2:], [0.2, 0.3])  # the last pause ends with the half second
    assert clothes[1].unavailable == 0


def test_what_a_server_would_refuse_is_refused_first(client, clothes):
    client.generate(1)
    before = len(clothes[1].requests)
    for options, words in (
        ({"num": 0}, "num=0 must be at least 1"),
        ({"num": 1, "batch_size": 0}, "batch_size=0"),
        ({"num": 1, "truncation": 1.5}, r"truncation=1.5 must be in \[0, 1\]"),
        ({"num": 1, "truncation": np.nan}, r"truncation=nan must be in"),
        ({"num": 2, "seed": 2**63 - 1}, "seed=9223372036854775807 must be a 64-bit integer, and seed . 1 too"),
        ({"num": 1, "seed": 0.5}, "seed=0.5 must be a whole number"),
        ({"num": 1, "labels": 3}, "labels=3 are for conditional models"),
    ):
        with pytest.raises(ValueError, match=words):
            client.generate(**options)
    for latents, words in (
        (np.zeros((2, 3)), r"latents=\[2, 3\] must be float\[N, "),
        (np.zeros((0, client.latent_dim)), "N at least 1"),
        (np.zeros(client.latent_dim), "must be float"),
        (np.full((1, client.latent_dim), np.nan), "latents: row 0 is no finite number"),
        (np.full((1, client.latent_dim), 1j), "latents must be an array of real numbers"),
        ([["a"]], "latents must be an array of real numbers, not this list"),
    ):
        with pytest.raises(ValueError, match=words):
            client.sample(latents)
    assert len(clothes[1].requests) == before


def test_too_large_a_batch_is_refused_by_the_graph(client):
    with pytest.raises(serving.ServingError, match="seeds has more rows than the limit of this export, 16") as error:
        client.generate(17, batch_size=17)
    assert error.value.refused and "\n" not in str(error.value)
    assert client.generate(17, batch_size=16).shape[0] == 17


def test_latents_that_overflow_are_refused_not_garbage(client):
    with pytest.raises(serving.ServingError, match="latents are too large: their images are no numbers") as error:
        client.sample(np.full((1, client.latent_dim), 1e38))
    assert error.value.refused and "node" not in str(error.value)


@pytest.mark.parametrize("seed", [2**63 - 1, -(2**63)])
def test_the_largest_seeds(seed, url, clothes):
    images = serving.Client(url, png=False).generate(1, seed=seed)
    np.testing.assert_allclose(images, clothes[0].generate(1, seed), atol=1e-6)


def test_requests_at_once(client, clothes):
    got = {}
    threads = [threading.Thread(target=lambda i=i: got.update({i: client.generate(2, i)})) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(4):
        np.testing.assert_allclose(got[seed], clothes[0].generate(2, seed), atol=0.5 / 255 + 1e-6)


def knowing(client, url):
    """Returns the client, which has heard the signatures from the server at `url`."""
    client._signatures = serving.Client(url).signatures
    return client


def test_a_server_that_is_too_slow_is_asked_once(url, clothes, pauses):
    client = knowing(serving.Client(url, timeout=0.3, pause=pauses.append), url)
    clothes[1].blocked = threading.Event()
    try:
        with pytest.raises(serving.ServingError, match=r"DEADLINE_EXCEEDED|no answer within 0\.3 s") as error:
            client.generate(1)
    finally:
        clothes[1].blocked.set()
        clothes[1].blocked = None
    assert not (error.value.unavailable or error.value.refused or pauses)


def http(body, head="Content-Length: {}"):
    return f"HTTP/1.1 200 OK\r\n{head.format(len(body))}\r\n\r\n{body}".encode()


def pngs(*images):
    def b64(image):
        file = io.BytesIO()
        image.save(file, "PNG")
        return f'{{"b64": "{base64.b64encode(file.getvalue()).decode()}"}}'

    return http(f'{{"outputs": [{", ".join(map(b64, images))}]}}')


GREY = Image.new("L", (32, 32), 51)


@pytest.mark.parametrize(
    ("answer", "words", "unavailable"),
    [
        (b"", "Remote end closed|reset", True),
        (http('{"outputs": [', "Content-Length: 500"), "IncompleteRead|reset", True),
        (http('{"outputs": [', "Transfer-Encoding: chunked"), "IncompleteRead|reset", True),
        (b"SSH-2.0-OpenSSH\r\n", "BadStatusLine", False),
        (b"HTTP/1.1 500 Oops\r\n\r\n<html>", "HTTP 500 Oops", False),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "HTTP 502 Bad Gateway", True),
        (http("<html>"), "does not answer as TensorFlow Serving does: JSONDecodeError", False),
        (http("[]"), "does not answer as TensorFlow Serving does: TypeError", False),
        (http("{}"), "does not answer as TensorFlow Serving does: KeyError", False),
        (http('{"outputs": [{"b64": "?"}]}'), "does not answer as TensorFlow Serving does", False),
        (http('{"outputs": null}'), r"should answer with image_bytes\[2\], and does not", False),
        (http('{"outputs": [[0.5], [0.5]]}'), r"should answer with image_bytes\[2\], and does not", False),
        (http('{"outputs": [{"b64": "aaaa"}, {"b64": "aaaa"}]}'), "should hold PNG of 32 x 32 x 1", False),
        (pngs(GREY), r"should answer with image_bytes\[2\], and does not", False),
        (pngs(GREY, Image.new("RGB", (32, 32))), "should hold PNG of 32 x 32 x 1", False),
        (pngs(GREY, Image.new("L", (32, 31))), "should hold PNG of 32 x 32 x 1", False),
        (pngs(GREY, Image.new("I;16", (32, 32))), "should hold PNG of 32 x 32 x 1", False),
    ],
)
def test_whatever_answers_it_is_an_error_in_one_line(answer, words, unavailable, clothes, rest):
    with server.that_answers(answer) as url:
        client = knowing(serving.Client(url, tries=1), rest)
        with pytest.raises(serving.ServingError, match=words) as error:
            client.generate(2)
        assert error.value.unavailable == unavailable and "\n" not in str(error.value)
    with server.that_answers(pngs(GREY, GREY)) as url:  # what those above are but for one thing
        assert (knowing(serving.Client(url), rest).generate(2) == np.float32(0.2)).all()


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_a_server_whose_images_are_no_numbers(number, rest, tmp_path, capsys):
    image = [[[0.5]] * 32] * 31 + [[[0.5]] * 31 + [["?"]]]
    answer = http(json.dumps({"outputs": [image]}).replace('"?"', number))
    with server.that_answers(answer) as url:
        client = knowing(serving.Client(url, tries=1, png=False), rest)
        for ask in (lambda: client.generate(1), lambda: client.sample(np.zeros((1, client.latent_dim)))):
            with pytest.raises(serving.ServingError, match="answers with images that are not finite numbers"):
                ask()


@pytest.mark.parametrize(
    "content", [http("{}"), http("[1]"), http('{"metadata": {"signature_def": {"signature_def": {}}}}')]
)
def test_what_is_no_export_of_ours(content):
    with server.that_answers(content) as url:
        client = serving.Client(url, tries=1)
        for call in (lambda: client.latent_dim, lambda: client.generate(1)):
            with pytest.raises((serving.ServingError, ValueError), match=r"does not answer|no export of tfgan_zoo"):
                call()


def said(**changed):
    """What a server says of an export's signatures, with other tensors for some of them."""
    image = {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": str(size)} for size in (-1, 32, 32, 1)]}}
    latents = {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "-1"}, {"size": "128"}]}}
    seeds = {"dtype": "DT_INT64", "tensor_shape": {"dim": [{"size": "-1"}]}}
    tensors = {"latents": latents, "seeds": seeds, "images": image} | changed
    signatures = {
        "serving_default": {"inputs": {"latents": tensors["latents"]}, "outputs": {"images": tensors["images"]}},
        "generate": {"inputs": {"seeds": tensors["seeds"]}, "outputs": {"images": tensors["images"]}},
    }
    return {"metadata": {"signature_def": {"signature_def": signatures}}}


def floats(*sizes, dtype="DT_FLOAT"):
    return {"dtype": dtype, "tensor_shape": {"dim": [{"size": str(size)} for size in sizes]}}


@pytest.mark.parametrize(
    "changed",
    [
        {"latents": {"dtype": "DT_FLOAT", "tensor_shape": {"unknown_rank": True}}},
        {"latents": {"dtype": "DT_FLOAT", "tensor_shape": {}}},
        {"latents": {"dtype": "DT_FLOAT"}},
        {"latents": floats(-1, 10**12)},
        {"latents": floats(-1, -1)},
        {"latents": floats(-1, 0)},
        {"latents": floats(-1, 128, dtype=["x"])},
        {"latents": floats(-1, "many")},
        {"latents": floats(-1, 128, dtype="DT_STRING")},
        {"images": floats(-1, 10**6, 10**6, 1)},
        {"images": floats(-1, 32, 32)},
        {"images": {"dtype": "DT_FLOAT", "tensor_shape": None}},
        {"images": floats()},
        {"seeds": floats(-1)},
        {"seeds": 5},
    ],
)
def test_what_a_server_says_is_checked_before_it_is_used(changed):
    with server.that_answers(http(json.dumps(said()))) as url:
        client = serving.Client(url, tries=1)
        assert (client.latent_dim, client.image_shape) == (128, (32, 32, 1))
    with server.that_answers(http(json.dumps(said(**changed)))) as url:
        client = serving.Client(url, tries=1)
        for call in (lambda: client.latent_dim, lambda: client.image_shape, lambda: client.generate(1)):
            with pytest.raises((serving.ServingError, ValueError), match=r"does not answer|no export of") as error:
                call()
            assert "\n" not in str(error.value) and len(str(error.value)) < 500


def test_a_tensor_of_one_number_has_no_shape_of_a_million_million(tmp_path):
    """gRPC: such a tensor takes some bytes of the answer, and 4 TB as an array."""
    model = models.make("mlp", (2,), 8)
    held = server.Model(serving.export(model, tmp_path / "clothes"))
    one = tf.constant(0.5).numpy()
    held.predict = lambda signature, inputs: {"images": one}
    with server.over_grpc(held) as url:
        client = serving.Client(url, tries=1)
        make = tf.make_tensor_proto
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tf, "make_tensor_proto", lambda value: make(value, shape=(10**6, 10**6)))
            with pytest.raises(serving.ServingError, match="images has more than"):
                client._transport.predict("generate", {}, 5)


@pytest.mark.parametrize("part", ["metadata", "images", "an error"])
def test_an_endless_answer_is_cut_off(part, rest):
    status = "500 Oops" if part == "an error" else "200 OK"
    sent = []
    with server.that_answers(f"HTTP/1.1 {status}\r\n\r\n".encode(), forever=sent.append) as url:
        client = serving.Client(url, tries=1)
        client = client if part == "metadata" else knowing(client, rest)
        with pytest.raises(serving.ServingError, match="HTTP 500" if part == "an error" else "an answer of more than"):
            client.generate(2)
    assert sum(sent) < 2**25


@pytest.mark.parametrize("head", ["200 OK\r\n\r\n", "200 OK\r\nX: ", "500 Oops\r\n\r\n"])
def test_an_answer_that_drips_is_given_up(head, rest):
    with server.that_answers(f"HTTP/1.1 {head}".encode(), forever=lambda sent: None, drip=True) as url:
        client = knowing(serving.Client(url, tries=1, timeout=0.3), rest)
        with pytest.raises(serving.ServingError, match=r"no answer within 0\.3 s|HTTP 500"):
            client.generate(1)


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///etc/passwd", "https://example.org/v1/models/m"])
def test_redirects_lead_nowhere_else(target):
    answer = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\n\r\n".encode()
    refused = pytest.raises(serving.ServingError, match=r"where it may not|HTTP 302")
    with server.that_answers(answer) as url, refused:
        serving.Client(url, tries=1).generate(1)


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


def test_transparent_pngs_are_multiplied_by_alpha_again(monkeypatch):
    monkeypatch.setattr(serving.Client, "image_shape", (4, 6, 4))
    alpha = np.random.default_rng(0).integers(0, 256, (4, 6, 1))
    levels = np.concatenate([np.full((4, 6, 3), 60).clip(max=alpha), alpha], axis=-1).astype("uint8")
    content = io.BytesIO()
    pictures.to_image(levels).save(content, "PNG")
    found = serving.Client("http://localhost:1/v1/models/m")._pixels(content.getvalue())
    np.testing.assert_array_equal(np.round(found * 255), levels)


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


@pytest.mark.parametrize(
    "url",
    [
        "http://h:port/v1/models/m",
        "http://h:99999/v1/models/m",
        "http://[::1/v1/models/m",
        "http://:8501/v1/models/m",
        "http://me:word@h:8501/v1/models/m",
        "http://h:8501/v1/models/m:predict",
        "http://h:8501/v1/models/m?a=1",
        "http://h:8501/v1/models/a b",
        "http://h:8501/v1/models/ä",
        "grpc://h:port/m",
        f"grpc://h:8500/m/versions/{2**63}",
    ],
)
def test_urls_that_no_server_has_are_refused_before_tensorflow_starts(url, tmp_path, capsys, monkeypatch):
    assert is_server(url)
    with pytest.raises(ValueError, match="must be http://HOST:8501/v1/models/NAME or grpc://HOST:8500/NAME"):
        serving.Client(url)
    monkeypatch.setattr(generate.app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    assert generate.main([f"--model={url}", f"--output={tmp_path / 'grid.png'}"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("generate.py: model=") and error.count("\n") == 1 and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tries": 0}, "tries=0 must be at least 1"),
        ({"tries": 1.5}, "tries=1.5 must be a whole number"),
        *(({"timeout": value}, f"timeout={value!r} must be seconds") for value in (0, -1, None, "3", np.nan, np.inf)),
    ],
)
def test_arguments_of_a_client_are_checked(options, words):
    with pytest.raises(ValueError, match=words):
        serving.Client("http://h:8501/v1/models/m", **options)


@pytest.mark.parametrize("seconds", ["3", None, np.nan])
def test_what_is_no_time_is_not_waited(seconds, client):
    with pytest.raises(ValueError, match="must be a number"):
        client.wait(seconds)


def test_mixtures_are_served_as_numbers(tmp_path):
    model = models.make("mlp", (2,), 8)
    held = server.Model(serving.export(model, tmp_path / "clothes"))
    with server.over_grpc(held) as url:
        client = serving.Client(url)
        assert client.image_shape == (2,)
        np.testing.assert_allclose(client.generate(9, seed=2), model.generate(9, 2), atol=1e-6)
