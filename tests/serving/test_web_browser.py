"""The exported page in a real browser: seed i is the image of seed i, and what a visitor can do works."""

import re

import numpy as np
import pytest
from PIL import Image

import tfgan_zoo
from tests.serving import browser, models
from tfgan_zoo import pictures
from tfgan_zoo.serving import web_page, web_runtime

INSTALLED = web_runtime.folder()  # before the tests' own cache stands in the environment

pytestmark = pytest.mark.slow

MODELS = {
    "unconditional": lambda: tfgan_zoo.from_preset("pconv_fashion_mnist_10k"),
    "conditional": lambda: tfgan_zoo.from_preset("pconv_conditional_fashion_mnist"),
    "rgba": lambda: models.make("dcgan", (32, 32, 4)),
    "styles_64px": lambda: models.make("stylegan2", (64, 64, 3)),
}


@pytest.fixture(scope="module", autouse=True)
def runtime():
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    browser.program()
    if not (INSTALLED / web_runtime.GPU_PROGRAM).is_file():
        pytest.skip(f"no onnxruntime-web: {web_runtime.FETCH}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web_runtime, "folder", lambda: INSTALLED)
        yield


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    with browser.opened(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def clothes(tmp_path_factory):
    """A conditional model whose classes have names, and the URL of its page."""
    model = MODELS["conditional"]()
    model.name_classes([f"kind {number}" for number in range(10)])
    folder = tmp_path_factory.mktemp("clothes") / "site"
    web_page.export_page(model, folder, "clothes")
    with browser.served(folder) as url:
        yield model, url


def show(page, url, view=""):
    """Opens a page and waits until its grid is drawn."""
    page.requests.clear()
    page.errors.clear()
    page.go("about:blank")
    page.go(url + view)
    drawn(page)


def drawn(page):
    page.wait(
        "document.body.dataset.drawn || document.getElementById('status').textContent.startsWith('The model could')"
    )
    assert page.run("document.getElementById('status').textContent") == ""
    assert page.run("document.getElementById('loading').hidden") and not page.errors


def again(page, action):
    """Does something, and waits until the grid is drawn anew."""
    page.run("delete document.body.dataset.drawn")
    action()
    drawn(page)


def saved(page, button, folder):
    """Returns the levels of the PNG file that a button saves."""
    page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    page.run(f"document.getElementById('{button}').click()")
    page.wait_here(lambda: list(folder.glob("*.png")))
    (file,) = folder.glob("*.png")
    levels = np.asarray(Image.open(file)).astype(int)
    file.unlink()
    return levels


def levels(images, columns):
    return np.asarray(pictures.grid(images, columns, alpha=True)).astype(int)


def seen(levels):
    """Levels as the network has them: of RGBA the colours times alpha, so that what is hardly seen hardly counts."""
    if levels.shape[-1] != 4:
        return levels
    return np.concatenate([np.round(levels[..., :3] * levels[..., 3:] / 255), levels[..., 3:]], axis=-1)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("form", ["folder", "file"])
def test_seeds_are_the_images_that_python_makes(name, form, page, tmp_path):
    model = MODELS[name]()
    view = "#seed=-3&psi=0.8&size=8"
    if form == "folder":
        web_page.export_page(model, tmp_path / "site", name)
        with browser.served(tmp_path / "site") as url:
            show(page, url, view)
            assert page.requests and all(request.startswith(url) for request in page.requests)
    else:
        web_page.export_page(model, tmp_path / "page.html", name, single_file=True)
        url = (tmp_path / "page.html").as_uri()
        show(page, url, view)
        assert {request.split(":")[0] for request in page.requests} <= {"file", "blob", "data"}
    (tmp_path / "saved").mkdir()
    theirs, ours = saved(page, "save-grid", tmp_path / "saved"), levels(model.generate(64, -3, 0.8), 8)
    assert np.abs(seen(theirs) - seen(ours)).max() <= 1 and np.ptp(ours) > 50


# A graphics card that is computed, and says so, which a page does not take: it is told that this is a real one.
_CARD = ("--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader")
_REAL = (
    "if (globalThis.GPUAdapterInfo) "
    "Object.defineProperty(GPUAdapterInfo.prototype, 'isFallbackAdapter', { get: () => false })"
)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("form", ["folder", "file"])
def test_a_graphics_card_makes_the_same_images(name, form, tmp_path):
    model, single = MODELS[name](), form == "file"
    output = tmp_path / ("page.html" if single else "site")
    web_page.export_page(model, output, name, single_file=single, webgpu=True)
    (tmp_path / "saved").mkdir()
    with browser.opened(tmp_path / "profile", _CARD) as page, browser.served(tmp_path) as url:
        url = output.as_uri() if single else f"{url}site/"
        view = "#seed=-3&psi=0.8&size=8"
        show(page, url, view)
        assert "Its graphics card" not in about(page)  # a processor that plays one is slower than WebAssembly
        page.call("Page.addScriptToEvaluateOnNewDocument", source=_REAL)
        show(page, url, view)
        assert "Its graphics card computes." in about(page)
        theirs, ours = saved(page, "save-grid", tmp_path / "saved"), levels(model.generate(64, -3, 0.8), 8)
        assert np.abs(seen(theirs) - seen(ours)).max() <= 1 and np.ptp(ours) > 50


def test_a_graphics_card_that_computes_otherwise_is_not_taken(tmp_path):
    model = MODELS["unconditional"]()
    web_page.export_page(model, tmp_path / "site", "clothes", webgpu=True)
    index = tmp_path / "site" / "index.html"
    index.write_text(re.sub(r'"levels": \[\[0, \d+\]', '"levels": [[0, 128]', index.read_text()))
    (tmp_path / "saved").mkdir()
    with browser.opened(tmp_path / "profile", _CARD) as page, browser.served(tmp_path / "site") as url:
        page.call("Page.addScriptToEvaluateOnNewDocument", source=_REAL)
        show(page, url)
        assert "Its graphics card" not in about(page)
        np.testing.assert_allclose(
            saved(page, "save-grid", tmp_path / "saved"), levels(model.generate(16, 0), 4), atol=1
        )
        loaded = [request.rsplit("/")[-1] for request in page.requests]
        assert {"onnxruntime.webgpu.wasm.gz", "onnxruntime.wasm.gz"} <= set(loaded)


def about(page):
    return page.run("document.getElementById('about').textContent")


def test_controls_change_the_images_and_the_link(page, clothes, tmp_path):
    model, url = clothes
    show(page, url, "#seed=5&size=3")
    assert page.run("document.querySelector('#grid button').title") == f"seed 5, kind {label(5)}"
    again(page, lambda: page.set("label", "7"))
    assert page.run("location.hash") == "#seed=5&psi=1&size=3&label=7"
    np.testing.assert_allclose(saved(page, "save-grid", tmp_path), levels(model.generate(9, 5, labels=7), 3), atol=1)
    again(page, lambda: page.set("psi", "0.5"))
    again(page, lambda: page.run("document.getElementById('after').click()"))
    assert page.run("location.hash") == "#seed=14&psi=0.5&size=3&label=7"
    again(page, lambda: page.set("size", "2"))
    ours = levels(model.generate(4, 14, 0.5, labels=7), 2)
    np.testing.assert_allclose(saved(page, "save-grid", tmp_path), ours, atol=1)
    link = page.run("location.href")
    show(page, link)
    np.testing.assert_allclose(saved(page, "save-grid", tmp_path), ours, atol=1)
    again(page, lambda: page.run("location.hash = '#seed=5'"))  # a link inside the page
    assert page.run("document.getElementById('seed').value") == "5"
    page.set("seed", "five")
    assert page.run("document.getElementById('status').textContent") == "A seed is a whole number of 64 bits."
    assert page.run("document.getElementById('seed').value") == "5"


def label(seed):
    return int(tfgan_zoo.random.labels_from_seeds([seed], 10)[0])


def test_two_chosen_images_make_a_walk(page, clothes, tmp_path):
    model, url = clothes
    show(page, url, "#seed=20&size=2")
    page.run("document.querySelectorAll('#grid button')[0].focus()")
    page.press("Enter")
    assert page.run("location.hash").endswith("&from=20")
    np.testing.assert_allclose(saved(page, "save-image", tmp_path), levels(model.generate(1, 20), 1), atol=1)
    page.press("ArrowRight")
    page.press("Enter")
    page.set("step", "0.25")
    assert page.run("location.hash").endswith("&from=20&to=21&step=0.25")
    assert page.run("[...document.querySelectorAll('#grid button')].map(tile => tile.textContent)") == [
        "A",
        "B",
        "",
        "",
    ]
    ours = levels(model.interpolate(1, 5, seed=20)[1:2], 1)
    np.testing.assert_allclose(saved(page, "save-image", tmp_path), ours, atol=1)
    page.run("document.getElementById('play').click()")
    page.wait("document.getElementById('step').value > 0.5")
    page.run("document.getElementById('play').click()")
    page.wait("Number(new URLSearchParams(location.hash).get('step')) > 0.5")
    assert page.run("document.getElementById('play').textContent") == "Play"
    show(page, page.run("location.href"))
    assert page.run("document.getElementById('step').value") > "0.5"
    page.run("[...document.querySelectorAll('#grid button')].slice(0, 2).map(tile => tile.click())")
    assert page.run("location.hash") == "#seed=20&psi=1&size=2" and not page.errors


def test_it_fits_a_phone_and_the_dark(page, clothes):
    _, url = clothes
    page.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    try:
        show(page, url, "#from=0&to=1")
        page.run("document.getElementById('card').open = true")
        assert page.run("document.documentElement.scrollWidth") <= 360
        assert page.run("getComputedStyle(document.documentElement).getPropertyValue('--accent')") == "#6bf"
        assert page.run("document.getElementById('grid').getBoundingClientRect().bottom") < 740
    finally:
        page.call("Emulation.clearDeviceMetricsOverride")
        page.call("Emulation.setEmulatedMedia", features=[])


def sentence(page, url):
    page.go("about:blank")
    page.go(url)
    page.wait("!['', 'The model is loading.'].includes(document.getElementById('status').textContent)")
    assert page.run("getComputedStyle(document.getElementById('loading')).display") == "none"
    return page.run("document.getElementById('status').textContent")


def test_a_browser_that_cannot_is_told(page, clothes, tmp_path):
    model, url = clothes
    old = page.call("Page.addScriptToEvaluateOnNewDocument", source="delete globalThis.DecompressionStream")
    try:
        assert sentence(page, url).startswith("This page needs a newer browser: ")
        web_page.export_page(model, tmp_path / "page.html", "clothes", single_file=True)
        assert sentence(page, (tmp_path / "page.html").as_uri()).startswith("This page needs a newer browser: ")
    finally:
        page.call("Page.removeScriptToEvaluateOnNewDocument", identifier=old["identifier"])
    web_page.export_page(model, tmp_path / "site", "clothes")
    assert "python -m http.server" in sentence(page, (tmp_path / "site" / "index.html").as_uri())
    (tmp_path / "site" / "model.onnx").unlink()
    with browser.served(tmp_path / "site") as url:
        assert sentence(page, url) == "The model could not be loaded: ./model.onnx: HTTP 404"
        (tmp_path / "site" / "model.onnx").write_bytes(b"damaged")
        assert sentence(page, url).startswith("The model could not be loaded: ")
        (tmp_path / "site" / "worker.js").unlink()
        assert sentence(page, url).startswith("The model could not be loaded: ")
