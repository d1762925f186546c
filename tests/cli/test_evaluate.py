"""evaluate.py as a user meets it: a run, a preset, two folders; what it writes; what it refuses, how and when."""

import json
import os
import re

import numpy as np
import pytest
from PIL import Image

from tfgan_zoo import networks
from tfgan_zoo.cli import evaluate, train
from tfgan_zoo.evaluation import protocols
from tfgan_zoo.evaluation.metrics import kernel
from tfgan_zoo.methods import GAN
from tfgan_zoo.pretrained import loading
from tfgan_zoo.pretrained.presets import save_to_preset


@pytest.fixture(autouse=True)
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TFGAN_ZOO_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def few(monkeypatch):
    """The same protocols on fewer images."""
    import dataclasses

    few = {name: dataclasses.replace(it, fakes=it.fakes and 60, reals=80) for name, it in protocols.PROTOCOLS.items()}
    monkeypatch.setattr(protocols, "PROTOCOLS", few)


RUN = ["--method=gan", "--width=4", "--latent_dim=8", "--batch_size=8", "--threads=2", "--kimg=0.032"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of four ticks of one step, whose best tick by a metric of few images is known."""
    import dataclasses

    path = tmp_path_factory.mktemp("runs") / "run"
    context = pytest.MonkeyPatch()
    context.setenv("TFGAN_ZOO_CACHE", str(path.parent / "cache"))
    name = "fd_fashion_10k"
    few = dataclasses.replace(protocols.PROTOCOLS[name], fakes=60, reals=80)
    context.setattr(protocols, "PROTOCOLS", {**protocols.PROTOCOLS, name: few})
    flags = ["--tick_kimg=0.008", f"--eval_metrics={name}", f"--run_dir={path}"]
    assert train.main([*RUN, *flags]) == 0
    context.undo()
    return path


@pytest.fixture
def preset(tmp_path):
    make = {role: networks.build("dcgan", role, shape=(32, 32, 1), width=4) for role in ("generator", "discriminator")}
    save_to_preset(GAN(**make), tmp_path / "preset", dataset="fashion_mnist_10k")
    return tmp_path / "preset"


def lines(folder):
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("name", ["metrics.jsonl", "metrics.md", "report.html"])
def test_what_stands_in_the_place_of_the_results_is_told_first(name, tmp_path, capsys):
    os.mkfifo(tmp_path / name)
    assert evaluate.main(["--model=gan_ring", "--metrics=modes_2500", f"--output={tmp_path}"]) == 2
    assert capsys.readouterr().err == f"evaluate.py: output={tmp_path / name} is no regular file\n"


def test_a_run_is_measured_at_its_best_and_last_checkpoint_three_times(run, few, tmp_path, capsys):
    output = tmp_path / "out"
    flags = ["--metrics=fd_fashion_10k,memorization_10k", "--runs=3", "--report", f"--output={output}"]
    assert evaluate.main([f"--model={run}", *flags]) == 0
    found = lines(output)
    assert [(it["checkpoint"], it["run"]) for it in found[::2]] == [(c, r) for c in ("best", "last") for r in range(3)]
    assert [it["first_seed"] for it in found[:6:2]] == [0, 10_000_000, 20_000_000]
    assert len({it["values"]["distance"] for it in found[:6:2]}) == 3
    assert "d_gap" in found[1]["values"]
    table = (output / "metrics.md").read_text()
    assert table in capsys.readouterr().out and " ± " in table and "train split" in table
    page = (output / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 3
    assert not re.search(r"(?:src|href)=[\"'](?!data:|#)|url\((?!#)|@import", page)  # a browser fetches nothing


def test_a_runs_results_lie_in_the_run(run, few):
    assert evaluate.main([f"--model={run}", "--metrics=fd_fashion_10k", "--checkpoint=3"]) == 0
    result = lines(run / "evaluation")[-1]
    assert result["checkpoint"] == "3" and result["step"] == 3 and result["model"] == str(run)


def test_all_checkpoints(run, few, tmp_path):
    flags = ["--metrics=fd_fashion_10k", "--checkpoint=all", f"--output={tmp_path}"]
    assert evaluate.main([f"--model={run}", *flags]) == 0
    assert [it["checkpoint"] for it in lines(tmp_path)] == ["2", "3", "4", "best"]


def test_a_checkpoint_that_is_named_twice_is_measured_once(run, few, tmp_path, capsys):
    flags = ["--metrics=fd_fashion_10k", "--checkpoint=3,last,3", f"--output={tmp_path}"]
    assert evaluate.main([f"--model={run}", *flags]) == 0
    assert [it["checkpoint"] for it in lines(tmp_path)] == ["3", "last"]
    assert "±" not in capsys.readouterr().out.split("|---|")[-1]


def test_best_is_the_tick_with_the_lowest_distance(run, few, tmp_path):
    ticks = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    lowest = min(ticks, key=lambda row: row["fd_fashion_10k"])
    assert int(loading.load(run, "best").step.numpy()) == lowest["step"]
    flags = ["--metrics=fd_fashion_10k", "--checkpoint=best", f"--output={tmp_path}"]
    assert evaluate.main([f"--model={run}", *flags]) == 0
    assert lines(tmp_path)[0]["values"]["distance"] == pytest.approx(lowest["fd_fashion_10k"], rel=1e-5)
    log = (run / "log.txt").read_text()
    assert f"fd_fashion_10k: best {lowest['fd_fashion_10k']:.5g} at step {lowest['step']}, last " in log


def test_a_preset_takes_the_metrics_of_its_data(preset, few, tmp_path):
    assert evaluate.main([f"--model={preset}", f"--output={tmp_path / 'out'}"]) == 0
    assert [it["metric"] for it in lines(tmp_path / "out")] == list(
        protocols.defaults("fashion_mnist_10k", (32, 32, 1))
    )


@pytest.mark.thorough
def test_a_conditional_run_is_measured_by_its_labels(few, tmp_path, capsys):
    flags = ["--conditional", "--kimg=0.008", f"--run_dir={tmp_path / 'run'}"]
    assert train.main([*RUN[:-1], *flags]) == 0
    names = ["fd_fashion_per_class_1k", "accuracy_fashion_10k"]
    assert evaluate.main([f"--model={tmp_path / 'run'}", f"--metrics={','.join(names)}", "--report"]) == 0
    found = lines(tmp_path / "run" / "evaluation")
    assert [(it["metric"], it["fakes"]) for it in found] == [(names[0], 600), (names[1], 60)]
    assert {f"class_{label}" for label in range(10)} < found[0]["values"].keys()
    page = (tmp_path / "run" / "evaluation" / "report.html").read_text()
    assert page.count("data:image/png;base64,") == 4 and "A class a row" in page


def test_labels_are_not_asked_of_an_unconditional_model(preset, tmp_path, capsys):
    flags = ["--metrics=accuracy_fashion_10k", f"--output={tmp_path / 'out'}"]
    assert evaluate.main([f"--model={preset}", *flags]) == 2
    error = capsys.readouterr().err
    assert "metrics=accuracy_fashion_10k is for conditional models" in error and error.count("\n") == 1


def test_a_mixture_is_measured_by_its_modes(tmp_path):
    path = tmp_path / "run"
    assert train.main(["--method=gan", "--dataset=ring", "--kimg=0.256", "--threads=2", f"--run_dir={path}"]) == 0
    assert evaluate.main([f"--model={path}", "--report"]) == 0
    (result,) = lines(path / "evaluation")
    tick = json.loads((path / "metrics.jsonl").read_text().splitlines()[-1])
    assert {name: tick[name] for name in ("modes", "good", "kl")} == result["values"]


def images(folder, num=4, size=32, mode="L", suffix="png"):
    folder.mkdir()
    rng = np.random.default_rng(0)
    shape = (num, size, size) if mode == "L" else (num, size, size, 3)
    for i, pixels in enumerate(rng.integers(0, 256, shape).astype("uint8")):
        Image.fromarray(pixels).save(folder / f"{i}.{suffix}")
    return folder


def test_two_folders(tmp_path, few, capsys):
    one, two = images(tmp_path / "one", 9), images(tmp_path / "two", 12)
    (two / "film.mov").write_text("no picture")
    output = tmp_path / "out"
    flags = ["--metrics=fd_fashion_all,kd_fashion_all,prdc_fashion_all", "--report", f"--output={output}"]
    assert evaluate.main([f"--fakes={one}", f"--reals={two}", *flags]) == 0
    assert f"reals={two}: passed over: 1 .mov" in capsys.readouterr().out
    assert {it["fakes"] for it in lines(output)} == {9}
    assert [it["reference"] for it in lines(output)] == [{str(two): 12}] * 3
    assert (output / "report.html").is_file()


def test_one_folder_of_clothes_is_held_against_those_in_the_package(tmp_path, few):
    one, output = images(tmp_path / "one", 9), tmp_path / "out"
    assert evaluate.main([f"--fakes={one}", "--metrics=fd_fashion_all", f"--output={output}"]) == 0
    assert lines(output)[0]["reference"] == {"fashion_mnist_10k/all": 80}
    assert "covariance has not full rank" in lines(output)[0]["note"]


def test_no_inception_is_a_failure_that_says_how_to_fetch_it(preset, tmp_path, capsys, monkeypatch):
    import sys
    import types

    def fail(url):
        raise OSError("no route to host")

    monkeypatch.setitem(sys.modules, "tensorflow_hub", types.SimpleNamespace(resolve=fail))
    output = tmp_path / "out"
    assert evaluate.main([f"--model={preset}", "--metrics=fid_10k_test", f"--output={output}"]) == 1
    error = capsys.readouterr().err
    assert "--inception" in error and error.count("\n") == 1 and not output.exists()


BAD = {
    "nothing": ([], "name either --model, or --fakes"),
    "both": (["--model=x", "--fakes=y"], "name either --model, or --fakes"),
    "an unknown model": (["--model=x"], "model=x is no run"),
    "an unknown metric": (["--model=x", "--metrics=fid"], "metrics=fid is unknown"),
    "no runs": (["--model=x", "--runs=0"], "runs=0 must be at least 1"),
    "seeds without end": (
        ["--model=x", "--runs=2", "--seed=9223372036854000000"],
        "seed=9223372036854000000: with runs=2 seeds up to 9223372036873999999 have over 64 bits",
    ),
    "no extractor": (["--model=x", "--metrics=fd_given_10k"], "needs --extractor"),
    "an extractor that is not there": (["--model=x", "--extractor=nothing.keras"], "extractor=nothing.keras does not"),
    "an extractor without a metric": (
        ["--model=x", "--metrics=fd_fashion_10k", "--extractor=."],
        "extractor=. is of no use to metrics=fd_fashion_10k",
    ),
    "an Inception without a metric": (
        ["--model=x", "--metrics=fd_fashion_10k", "--inception=."],
        "inception=. is of no use",
    ),
    "reals without a metric": (["--model=x", "--metrics=fd_fashion_10k", "--reals=."], "reals=. is of no use"),
    "a checkpoint of files": (["--fakes=x", "--checkpoint=best"], "checkpoint=best is for a model"),
    "fakes that are not there": (["--fakes=nothing"], "fakes=nothing does not exist"),
}


@pytest.mark.parametrize(("flags", "words"), BAD.values(), ids=list(BAD))
def test_bad_input_is_one_line_and_status_2(flags, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluate.app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    assert evaluate.main(flags) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_checkpoint_that_is_not_there(run, capsys):
    assert evaluate.main([f"--model={run}", "--checkpoint=77"]) == 2
    assert "checkpoint=77 is not in" in capsys.readouterr().err


def folders(tmp_path, case):
    one = tmp_path / "one"
    if case == "empty":
        one.mkdir()
        return one, images(tmp_path / "two"), "holds 0 image(s)"
    if case == "one image":
        return images(one, 1), images(tmp_path / "two"), "holds 1 image(s)"
    if case == "mixed sizes":
        images(one)
        Image.fromarray(np.zeros((8, 8), "uint8")).save(one / "z.png")
        return one, images(tmp_path / "two"), "all must be alike"
    if case == "other sizes":
        return images(one, size=28), images(tmp_path / "two"), "has images of (32, 32, 1), fakes="
    if case == "grey against colour":
        return images(one, mode="RGB"), images(tmp_path / "two"), "fakes="
    (images(one) / "z.png").write_text("hello")
    return one, images(tmp_path / "two"), "z.png is no PNG"


def test_more_fakes_than_there_are(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(evaluate.app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    assert evaluate.main([f"--fakes={images(tmp_path / 'one')}", "--metrics=fd_fashion_10k"]) == 2
    assert "metrics=fd_fashion_10k takes 10000 fakes; there are 4" in capsys.readouterr().err


@pytest.mark.parametrize(("counts", "words"), [((4, 9), "fakes; there are 4"), ((9, 4), "reals; there are 4")])
def test_fewer_images_than_the_arithmetic_takes(counts, words, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(evaluate.app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    one, two = (images(tmp_path / name, count) for name, count in zip(("one", "two"), counts, strict=True))
    assert evaluate.main([f"--fakes={one}", f"--reals={two}", "--metrics=prdc_fashion_all"]) == 2
    assert f"metrics=prdc_fashion_all takes at least 6 {words}" in capsys.readouterr().err


@pytest.mark.parametrize("case", ["a damaged image", "too few for blocks"])
def test_what_shows_only_in_the_measuring_is_one_line_too(tmp_path, case, capsys, monkeypatch):
    one, two, output = images(tmp_path / "one", 4), images(tmp_path / "two", 9), tmp_path / "out"
    monkeypatch.setattr(kernel, "BLOCK", 3)
    metric, words = "kd_fashion_all", "metrics=kd_fashion_all reals=9 and fakes=4 images must be at least 6 each"
    if case == "a damaged image":
        (one / "2.png").write_bytes((one / "2.png").read_bytes()[:-200])
        metric, words = "fd_fashion_all", "2.png is damaged"
    assert evaluate.main([f"--fakes={one}", f"--reals={two}", f"--metrics={metric}", f"--output={output}"]) == 2
    error = capsys.readouterr().err.split("\r")[-1].strip()
    assert words in error and "\n" not in error and not output.exists()


@pytest.mark.parametrize("case", ["empty", "one image", "mixed sizes", "other sizes", "grey against colour", "a text"])
def test_bad_folders_are_one_line_and_status_2(tmp_path, case, capsys, monkeypatch):
    one, two, words = folders(tmp_path, case)
    monkeypatch.setattr(evaluate.app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))
    output = tmp_path / "out"
    assert evaluate.main([f"--fakes={one}", f"--reals={two}", "--metrics=fd_fashion_all", f"--output={output}"]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1 and not output.exists()


def test_an_extractor_of_another_size_is_refused(preset, tmp_path, capsys):
    import keras

    keras.Sequential([keras.Input((64, 64, 3)), keras.layers.Flatten()]).save(tmp_path / "e.keras")
    flags = ["--metrics=fd_given_10k", f"--extractor={tmp_path / 'e.keras'}", f"--output={tmp_path / 'out'}"]
    assert evaluate.main([f"--model={preset}", *flags]) == 2
    assert "takes images of (64, 64, 3), not of (32, 32, 1)" in capsys.readouterr().err


@pytest.fixture
def stranger(tmp_path):
    """A preset that was trained on other clothes than those in the package."""
    make = {role: networks.build("dcgan", role, shape=(32, 32, 1), width=4) for role in ("generator", "discriminator")}
    save_to_preset(GAN(**make), tmp_path / "preset", dataset="fashion_mnist")
    return tmp_path / "preset"


def test_a_metric_asks_only_for_the_data_that_it_uses(stranger, few, tmp_path, monkeypatch):
    """The reference of this one is in the package; the preset's own data set is not on this machine."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "empty"))
    flags = ["--metrics=fd_fashion_10k", f"--output={tmp_path / 'out'}"]
    assert evaluate.main([f"--model={stranger}", *flags]) == 0
    assert lines(tmp_path / "out")[0]["reference"] == {"fashion_mnist_10k/all": 80}
    assert "note" not in lines(tmp_path / "out")[0] or "train split" not in lines(tmp_path / "out")[0]["note"]


def test_images_that_a_model_never_saw_are_not_called_its_training_images(stranger, few, tmp_path):
    flags = ["--metrics=fd_fashion_10k", "--report", "--dataset=fashion_mnist_10k"]
    assert evaluate.main([f"--model={stranger}", *flags, f"--output={tmp_path / 'other'}"]) == 0
    page = (tmp_path / "other" / "report.html").read_text()
    assert "nearest images of fashion_mnist_10k/train" in page and "training images" not in page
    assert "train split" not in page


def test_memorisation_of_another_data_set_is_refused(stranger, few, tmp_path, capsys):
    flags = ["--metrics=memorization_10k", "--dataset=fashion_mnist_10k", f"--output={tmp_path / 'out'}"]
    assert evaluate.main([f"--model={stranger}", *flags]) == 2
    error = capsys.readouterr().err
    assert "is about the training images, and model=" in error and "was trained on fashion_mnist" in error
    assert error.count("\n") == 1 and not (tmp_path / "out").exists()


def test_a_default_metric_that_cannot_be_measured_is_left_out_with_a_reason(stranger, few, tmp_path, capsys):
    flags = ["--report", "--dataset=fashion_mnist_10k", f"--output={tmp_path / 'out'}"]
    assert evaluate.main([f"--model={stranger}", *flags]) == 0
    measured = [it["metric"] for it in lines(tmp_path / "out")]
    assert measured == ["fd_fashion_10k", "kd_fashion_10k", "prdc_fashion_10k"]
    reason = f"it is about the training images, and model={stranger} was trained on fashion_mnist"
    error = capsys.readouterr().err
    assert error.count("left out") == 1 and f"left out  memorization_10k: {reason}\n" in error
    page = (tmp_path / "out" / "report.html").read_text()
    assert reason in page and "nearest images of fashion_mnist_10k/train" in page and "nearest training" not in page


def test_what_a_fresh_machine_lacks_is_left_out_too(stranger, few, tmp_path, monkeypatch, capsys):
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "empty"))
    reason = "dataset=fashion_mnist is not prepared"
    monkeypatch.setattr(
        "tfgan_zoo.data.tfds_probe.check_download", lambda *_: (_ for _ in ()).throw(ValueError(reason))
    )
    assert evaluate.main([f"--model={stranger}", "--report", f"--output={tmp_path / 'out'}"]) == 0
    assert "fd_fashion_10k" in [it["metric"] for it in lines(tmp_path / "out")]
    error = capsys.readouterr().err
    assert f"left out  what compares with the data set: {reason}" in error and "left out  memorization_10k: " in error
    assert "nearest" not in (tmp_path / "out" / "report.html").read_text()


@pytest.fixture
def file(preset, tmp_path):
    loading.load(preset).save(tmp_path / "model.keras")
    return tmp_path / "model.keras"


def test_what_a_model_of_unknown_origin_saw_is_not_claimed(file, few, tmp_path, capsys):
    flags = ["--dataset=fashion_mnist_10k", "--report", f"--output={tmp_path / 'out'}"]
    assert evaluate.main([f"--model={file}", *flags]) == 0
    assert "left out  memorization_10k: it is about the training images, and it is not" in capsys.readouterr().err
    assert all("training data not known" in it["note"] for it in lines(tmp_path / "out"))
    page = (tmp_path / "out" / "report.html").read_text()
    assert "nearest images of fashion_mnist_10k/train" in page and "nearest training" not in page
    assert evaluate.main([f"--model={file}", "--metrics=memorization_10k", *flags[::2], flags[0]]) == 0  # asked for
    assert "training data not known" in lines(tmp_path / "out")[-1]["note"]


def test_where_no_default_can_be_measured_the_reasons_are_one_line(file, tmp_path, capsys):
    assert evaluate.main([f"--model={file}", f"--inception={tmp_path}", f"--output={tmp_path / 'out'}"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "no metric can be measured" in error and "prdc_10k: compares with reals" in error
    assert not (tmp_path / "out").exists()


def test_the_models_own_data_set_by_name_is_the_part_of_it_that_trained(monkeypatch):
    asked = {}
    clothes = evaluate.functools.partial(__import__("tfgan_zoo.data", fromlist=["load"]).load, "fashion_mnist_10k")

    def load(name, **arguments):
        asked[name] = arguments
        return clothes()

    monkeypatch.setattr("tfgan_zoo.data.load", load)
    model, origin = type("Model", (), {"image_shape": (32, 32, 1)}), {"dataset": "some", "split": "train[:50%]"}
    for named in (None, "some", "other"):
        values = {"dataset": named, "data_dir": None, "model": "m"}
        evaluate._reference(values, {}, model, origin)
        assert asked[named or "some"].get("split") == (None if named == "other" else "train[:50%]")


def test_all_checkpoints_of_what_has_one(few, tmp_path):
    assert evaluate.main(["--model=gan_ring", "--checkpoint=all", f"--output={tmp_path}"]) == 0
    assert [it["checkpoint"] for it in lines(tmp_path)] == ["last"]


@pytest.mark.parametrize("flags", [[], ["--metrics=modes_2500"]])
def test_a_data_set_of_another_shape_is_refused(flags, tmp_path, capsys):
    output = f"--output={tmp_path / 'out'}"
    assert evaluate.main(["--model=gan_ring", "--dataset=fashion_mnist_10k", output, *flags]) == 2
    error = capsys.readouterr().err
    assert "dataset=fashion_mnist_10k holds (32, 32, 1), and model=gan_ring makes (2,)" in error
    assert error.count("\n") == 1 and not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ['"a', "a\nb", "a\tb", "'", ""])
def test_odd_names_of_metrics_are_one_line(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert evaluate.main(["--model=gan_ring", f"--metrics={name}"]) == 2
    error = capsys.readouterr().err
    assert "metrics=" in error and error.count("\n") == 1


def test_the_list_names_every_protocol(capsys):
    assert evaluate.main(["--list"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in protocols.PROTOCOLS)
