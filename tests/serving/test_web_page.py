"""The web page: what is written is whole, loads nothing from elsewhere, and holds our images."""

import hashlib
import importlib.util
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

import tfgan_zoo
from tests.serving import models, node
from tfgan_zoo import pictures, transparency
from tfgan_zoo.cli import export as command
from tfgan_zoo.serving import web_card, web_fetch, web_model, web_page, web_runtime

INSTALLED = web_runtime.folder()  # before the tests' own cache stands in the environment


@pytest.fixture(autouse=True)
def formats():
    pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")


@pytest.fixture(scope="module")
def model():
    model = models.make(num_classes=3)
    model.name_classes(("coat", "</script>", "bag"))
    return model


@pytest.fixture
def runtime(monkeypatch):
    """Stands in for onnxruntime-web where its code does not matter."""
    parts = {web_runtime.SCRIPT: b"// a script", web_runtime.PROGRAM: b"a program"}
    more = {web_runtime.GPU_SCRIPT: b"// another", web_runtime.GPU_PROGRAM: b"a larger program"}
    monkeypatch.setattr(web_page.web_runtime, "read", lambda webgpu=False: parts | (more if webgpu else {}))


@pytest.fixture
def network(monkeypatch):
    """Stands in for the network where it does not matter."""
    monkeypatch.setattr(web_page, "onnx_bytes", lambda model: (b"a network", "float16", 0.001))


# What is written -------------------------------------------------------------------------------------------------


def test_a_folder_is_whole_and_loads_nothing_from_elsewhere(model, runtime, network, tmp_path):
    files, dtype, difference = web_page.export_page(model, tmp_path / "site", "coats & bags")
    assert {path.name: path.stat().st_size for path in (tmp_path / "site").iterdir()} == files
    assert (dtype, difference) == ("float16", 0.001)
    page = (tmp_path / "site" / "index.html").read_text()
    assert "<title>coats &amp; bags</title>" in page and "default-src 'none'" in page
    for name in files.keys() - {"onnxruntime.wasm.gz", "model.onnx"}:
        text = (tmp_path / "site" / name).read_text()
        named = set(re.findall(r'(?:src|href)="([^"]+)"', text)) | set(re.findall(r'"\./([^"]+)"', text))
        assert named <= files.keys() | {"onnxruntime.webgpu.js"}  # which a page without WebGPU does not ask for
    assert list(tmp_path.iterdir()) == [tmp_path / "site"]


def test_the_page_knows_the_model(model, runtime, network, tmp_path):
    web_page.export_page(model, tmp_path / "site", "coats")
    page = (tmp_path / "site" / "index.html").read_text()
    about = json.loads(re.search(r'id="model">(.*?)</script>', page)[1])
    assert about["class_names"] == ["coat", "</script>", "bag"] and about["num_classes"] == 3
    assert (about["latent_dim"], about["image_shape"]) == (128, [32, 32, 1])
    assert about["runtimes"].keys() == {"wasm"}
    sizes = {file["url"].removeprefix("./"): file["bytes"] for file in (about["model"], about["runtimes"]["wasm"])}
    assert all((tmp_path / "site" / name).stat().st_size == size for name, size in sizes.items()) and len(sizes) == 2
    levels = pictures.to_levels(model.generate(1, 0)).ravel()
    assert len(about["levels"]) == 64 and all(levels[place] == level for place, level in about["levels"])
    assert model.checksum() in page


def test_one_file_holds_every_part(model, runtime, network, tmp_path):
    files, _, _ = web_page.export_page(model, tmp_path / "coats.html", "coats", single_file=True)
    page = (tmp_path / "coats.html").read_text()
    assert files == {"coats.html": len(page.encode())} and list(tmp_path.iterdir()) == [tmp_path / "coats.html"]
    parts = re.findall(r'data-part="([^"]+)"', page)
    needed = set(re.findall(r'"\./([a-z.]+)"', page)) - {"onnxruntime.webgpu.js"}
    assert needed == set(parts) - {"page.js"} and parts[-1] == "page.js"
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "Microsoft" in page


@pytest.mark.parametrize(
    ("shape", "options", "has"),
    [
        ((32, 32, 1), {}, False),
        ((32, 32, 1), {"webgpu": True}, True),
        ((128, 128, 3), {}, True),
        ((128, 128, 3), {"webgpu": False}, False),
        ((128, 128, 3), {"single_file": True}, False),
        ((32, 32, 1), {"single_file": True, "webgpu": True}, True),
    ],
)
def test_large_images_have_webgpu_unless_something_is_said(shape, options, has, runtime, network, tmp_path):
    output = tmp_path / ("page.html" if options.get("single_file") else "site")
    files, _, _ = web_page.export_page(models.make(shape=shape), output, "coats", **options)
    page = (output if output.is_file() else output / "index.html").read_text()
    about = json.loads(re.search(r'id="model">(.*?)</script>', page)[1])
    assert about["runtimes"].keys() == ({"wasm", "webgpu"} if has else {"wasm"})
    if output.is_dir():
        assert ("onnxruntime.webgpu.wasm.gz" in files) == ("onnxruntime.webgpu.js" in files) == has
        assert not has or files["onnxruntime.webgpu.wasm.gz"] == about["runtimes"]["webgpu"]["bytes"]


def test_what_a_page_compares_of_transparent_images_is_alpha(runtime, network, tmp_path):
    model = models.make(shape=(32, 32, 4))
    kept = web_page._kept_levels(model)
    levels = pictures.to_levels(model.generate(1, 0)).ravel()
    assert all(place % 4 == 3 and levels[place] == level for place, level in kept) and len(dict(kept)) == 64


def test_a_part_that_would_end_its_element_is_refused():
    with pytest.raises(ValueError, match="holds the end of a script"):
        web_page._inline("'</SCRIPT>'")


def test_a_link_to_an_empty_folder_leads_to_the_page(model, runtime, network, tmp_path):
    (tmp_path / "elsewhere" / "empty").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "empty")
    web_page.export_page(model, tmp_path / "link", "coats")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "elsewhere" / "empty" / "index.html").is_file()


def test_the_page_of_the_folder_where_one_is_has_its_name(model, runtime, network, tmp_path, monkeypatch):
    tfgan_zoo.save_to_preset(model, tmp_path / "coats")
    monkeypatch.chdir(tmp_path / "coats")
    assert command.main(["--model=.", "--format=web", "--output=../site"]) == 0
    assert "<title>coats</title>" in (tmp_path / "site" / "index.html").read_text()


def test_what_fails_on_the_way_leaves_nothing(model, runtime, network, tmp_path, monkeypatch):
    monkeypatch.setattr(web_page.os, "rename", lambda *paths: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        web_page.export_page(model, tmp_path / "site", "coats")
    assert not list(tmp_path.iterdir())


# The network -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "shape", "classes"),
    [("dcgan", (32, 32, 4), 3), ("stylegan2", (32, 32, 3), 0)],
    ids=["conditional_rgba", "styles"],
)
def test_the_network_gives_our_images_of_truncated_latents(network, shape, classes):
    """Of styles too, which are truncated inside the network."""
    import onnxruntime

    model = models.make(network, shape, num_classes=classes)
    content, dtype, difference = web_model.onnx_bytes(model)
    assert dtype == "float16" and difference <= 0.5 / 255
    session = onnxruntime.InferenceSession(content)
    latents = np.random.default_rng(5).normal(size=(3, model.latent_dim)).astype("float32")
    for psi in (1.0, 0.3):
        inputs = {"latents": latents, "truncation": np.full(3, psi, "float32")}
        labels = np.array([2, 0, 1], "int32") if classes else None
        images = session.run(None, inputs | ({"labels": labels} if classes else {}))[0]
        np.testing.assert_allclose(images, model.sample_truncated(latents, psi, labels), atol=1 / 255)


def test_weights_that_float16_cannot_hold_stay_float32(monkeypatch):
    model = models.make()
    whole, dtype, error = web_model.onnx_bytes(model)
    monkeypatch.setattr(web_model, "_UNSEEN", error / 2)
    larger, other, smaller = web_model.onnx_bytes(model)
    assert (dtype, other) == ("float16", "float32") and len(larger) > 1.5 * len(whole) and smaller < error / 2


def test_a_network_whose_images_differ_is_refused(model, monkeypatch):
    monkeypatch.setattr(web_model, "_difference", lambda *arguments: 0.1)
    with pytest.raises(web_model.formats.FormatError, match=r"format=web: its images differ by 0\.1 from ours"):
        web_model.onnx_bytes(model)


# Its JavaScript --------------------------------------------------------------------------------------------------


def test_levels_of_a_page_are_those_of_a_png_with_transparency(tmp_path):
    levels = np.random.default_rng(0).integers(0, 256, (64, 4), dtype="uint8")
    levels[:9, 3] = [0, 0, 0, 1, 1, 2, 254, 255, 255]
    (tmp_path / "onnxruntime.js").write_text("")
    code = 'import { straight } from "./network.js";\nanswer([...straight(Uint8ClampedArray.from(value))]);'
    found = np.reshape(node.run(code, tmp_path, levels.ravel().tolist()), (64, 4))
    np.testing.assert_array_equal(found, transparency.straight(levels))


def test_the_network_runs_in_onnxruntime_web(model, tmp_path):
    if not (INSTALLED / web_runtime.PROGRAM).is_file():
        pytest.skip(f"no onnxruntime-web: {web_runtime.FETCH}")
    content, _, _ = web_model.onnx_bytes(model)
    (tmp_path / "model.onnx").write_bytes(content)
    (tmp_path / "onnxruntime.js").write_bytes((INSTALLED / web_runtime.SCRIPT).read_bytes())
    code = """
        import { images, open } from "./network.js";
        import { label, latents } from "./random.js";
        const session = await open("wasm", readFileSync(value.program), readFileSync(value.model));
        const seeds = value.seeds.map(BigInt);
        const rows = new Float32Array(seeds.flatMap((seed) => [...latents(seed, value.dim)]));
        const labels = seeds.map((seed) => label(seed, 3));
        answer([...await images(session, { latents: rows, dim: value.dim, psi: 0.7, labels })]);
    """
    seeds = np.arange(40, 45)
    value = {
        "program": str(INSTALLED / web_runtime.PROGRAM),
        "model": str(tmp_path / "model.onnx"),
        "seeds": [str(seed) for seed in seeds],
        "dim": model.latent_dim,
    }
    levels = np.array(node.run(code, tmp_path, value)).reshape(5, 32, 32, 1)
    ours = pictures.to_levels(model.generate(5, seed=40, truncation=0.7))
    assert np.abs(levels - ours.astype(int)).max() <= 1 and np.ptp(levels) > 50


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_png_files_hold_the_levels(channels, tmp_path):
    levels = np.random.default_rng(channels).integers(256, size=(5, 4, 6, channels))  # low alpha with colours too
    code = """
        import { png, sheet } from "./png.js";
        const images = value.images.map((levels) => Uint8Array.from(levels));
        const whole = sheet(images, 3, 4, 6, value.channels);
        const file = await png(whole.levels, whole.height, whole.width, value.channels);
        answer([...new Uint8Array(await file.arrayBuffer())]);
    """
    content = node.run(code, tmp_path, {"images": levels.reshape(5, -1).tolist(), "channels": channels})
    picture = Image.open(io.BytesIO(bytes(content)))
    whole = np.zeros((2, 3, 4, 6, channels), int)
    whole.reshape(6, 4, 6, channels)[:5] = levels
    expected = whole.swapaxes(1, 2).reshape(8, 18, channels)
    np.testing.assert_array_equal(np.asarray(picture).reshape(expected.shape), expected)


@pytest.mark.parametrize(
    ("link", "restored"),
    [
        ("", "#seed=0&psi=1&size=4&step=0"),
        ("#seed=-5&psi=0.7&size=6&label=2", "#seed=-5&psi=0.7&size=6&label=2"),
        (
            "#seed=9223372036854775807&from=3&to=4&step=0.5",
            "#seed=9223372036854775807&psi=1&size=4&from=3&to=4&step=0.5",
        ),
        ("#seed=9223372036854775808&psi=1.1&size=11&label=3", "#seed=0&psi=1&size=4"),
        ("#seed=1e3&psi=x&size=0&label=-1&from=1.5&to=4&step=1", "#seed=0&psi=1&size=4"),
        ("#seed=<b>&other=1", "#seed=0&psi=1&size=4"),
    ],
)
def test_a_link_restores_what_is_in_range(link, restored, tmp_path):
    code = """
        import { read, write } from "./view.js";
        const once = write(read(value, 3));
        answer([once, write(read(once, 3))]);
    """
    restored = restored.removesuffix("&step=0")
    assert node.run(code, tmp_path, link) == [restored, restored]


def test_seeds_end_where_64_bits_end(tmp_path):
    code = """
        import { read, seeds } from "./view.js";
        answer(seeds(read(value, 0)).map(String));
    """
    assert node.run(code, tmp_path, "#seed=9223372036854775806&size=2") == [
        "9223372036854775806",
        "9223372036854775807",
    ]


# The card --------------------------------------------------------------------------------------------------------


def test_a_card_runs_nothing_and_holds_its_pictures(model, tmp_path):
    Image.new("L", (2, 2)).save(tmp_path / "samples.png")
    (tmp_path / "secret.txt").write_text("secret")
    lines = [
        "# Coats <script>alert(1)</script>",
        "| a | b |\n|---|---|\n| 1 | <img src=x onerror=alert(2)> |",
        "![samples](samples.png) ![above](../samples.png) ![text](secret.txt) ![web](https://example.com/a.png)",
        "[bad](javascript:alert(3)) [good](https://example.com)",
    ]
    (tmp_path / "README.md").write_text("\n\n".join(lines))
    card = web_card.html_of(model, tmp_path / "README.md")
    assert "<script" not in card and "<img src=x" not in card and 'href="javascript' not in card
    assert re.findall(r'src="([^"]{22})', card) == ["data:image/png;base64,"]
    assert "<td>1</td>" in card and '<a href="https://example.com">good</a>' in card


def test_a_card_that_is_no_text_is_one_line(model, tmp_path):
    (tmp_path / "README.md").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"README\.md is no text: byte 0 is not UTF-8"):
        web_card.html_of(model, tmp_path / "README.md")


# The runtime -----------------------------------------------------------------------------------------------------


def test_another_archive_is_not_installed(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "other.tgz").write_bytes(b"other")
    assert web_fetch.main([f"--archive={tmp_path / 'other.tgz'}"]) == 1
    error = capsys.readouterr().err
    digest = hashlib.sha256(b"other").hexdigest()
    assert f"the archive has SHA-256 {digest}" in error and error.count("\n") == 1
    assert web_fetch.main([f"--archive={tmp_path / 'none.tgz'}"]) == 1
    assert "No such file" in capsys.readouterr().err and not (tmp_path / "cache").exists()


def test_npm_that_is_missing_or_fails_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    for script, words in (
        (None, "npm is not installed"),
        ("echo 'no such\nversion' >&2; exit 1", "npm pack: no such version"),
    ):
        if script:
            (tmp_path / "npm").write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / "npm").chmod(0o755)
        assert web_fetch.main([]) == 1
        error = capsys.readouterr().err
        assert words in error and error.count("\n") == 1 and not (tmp_path / "cache").exists()


def test_a_damaged_runtime_is_not_published_and_replaced(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path))
    packed = archive({f"package/dist/{name}": name.encode() for name in web_runtime._SHA256})
    monkeypatch.setattr(web_runtime, "ARCHIVE_SHA256", hashlib.sha256(packed).hexdigest())
    whole = {name: hashlib.sha256(name.encode()).hexdigest() for name in web_runtime._SHA256}
    monkeypatch.setattr(web_runtime, "_SHA256", whole)
    folder = web_runtime.install(packed)
    assert web_runtime.read()[web_runtime.SCRIPT] == web_runtime.SCRIPT.encode()
    (folder / web_runtime.PROGRAM).write_bytes(b"other")
    with pytest.raises(web_runtime.RuntimeMissing, match="is damaged"):
        web_runtime.read()
    web_runtime.install(packed)
    assert web_runtime.read().keys() == {web_runtime.SCRIPT, web_runtime.PROGRAM}
    assert web_runtime.read(webgpu=True).keys() == whole.keys() and list(tmp_path.iterdir()) == [folder]
    (folder / web_runtime.GPU_PROGRAM).unlink()  # as an earlier version left it
    web_runtime.read()
    with pytest.raises(web_runtime.RuntimeMissing, match="once: python -m"):
        web_runtime.read(webgpu=True)
    web_runtime.install(packed)
    assert web_runtime.read(webgpu=True).keys() == whole.keys()


def archive(files):
    import tarfile

    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as packed:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))
    return content.getvalue()


# The command -----------------------------------------------------------------------------------------------------


def test_the_command_writes_a_page_with_the_presets_card(runtime, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    flags = ["--model=pconv_fashion_mnist_10k", "--format=web"]
    assert command.main([*flags, "--output=my site/"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("export    my site: ") and "weights in float16" in lines[0]
    assert lines[1] == "look      python -m http.server --directory 'my site', then http://localhost:8000"
    page = (tmp_path / "my site" / "index.html").read_text()
    assert "<title>pconv_fashion_mnist_10k</title>" in page and "perturbed convolutions" in page
    assert command.main([*flags, "--output=my site"]) == 2
    assert "output=my site exists; it is not overwritten" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--format=web", "--output=x", "--single_file"], "output=x must end in .html"),
        (["--format=onnx", "--output=x.onnx", "--single_file"], "single_file=True is for format=web"),
        (["--output=x", "--single_file"], "single_file=True is for format=web"),
        (["--output=x", "--nowebgpu"], "webgpu=False is for format=web"),
        (["--format=preset", "--output=x", "--webgpu"], "webgpu=True is for format=web"),
        (["--format=web", "--output=x", "--version=3"], "version=3 is for format=saved_model"),
    ],
)
def test_bad_flags_are_one_line(flags, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command.app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    assert command.main(["--model=pconv_fashion_mnist_10k", *flags]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1 and not list(tmp_path.iterdir())


def test_without_the_runtime_the_command_says_what_to_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(command.app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    assert command.main(["--model=pconv_fashion_mnist_10k", "--format=web", "--output=x"]) == 1
    line = f"export.py: format=web needs onnxruntime-web {web_runtime.VERSION}, once: {web_runtime.FETCH}\n"
    assert capsys.readouterr().err == line and not list(tmp_path.iterdir())
    assert importlib.util.find_spec(web_runtime.FETCH.split()[-1])


def test_points_have_no_page(runtime, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command.main(["--model=gan_ring", "--format=web", "--output=x"]) == 2
    assert "this model's samples have the shape [2]" in capsys.readouterr().err and not list(tmp_path.iterdir())
