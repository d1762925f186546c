"""The report's pictures, on stand-ins for models."""

import re
import xml.etree.ElementTree

import numpy as np
from PIL import Image

from tfgan_zoo.core.sampler import Sampler
from tfgan_zoo.evaluation import curves, report, session


class Model(Sampler):
    """Its images have the grey level of the class, or of the first latent."""

    latent_dim, image_shape, num_classes, class_names = 4, (2, 2, 1), 0, ()

    def __init__(self, num_classes=0):
        self.num_classes = num_classes

    def sample(self, latents, labels=None):
        assert (labels is None) == (self.num_classes == 0)
        levels = np.abs(np.asarray(latents)[:, 0]) / 10 if labels is None else labels / 10
        return np.broadcast_to(np.reshape(levels, (-1, 1, 1, 1)), (len(latents), 2, 2, 1))


def test_an_interpolation_stays_in_its_class():
    levels = np.asarray(report.strips(Model(num_classes=3)))
    np.testing.assert_array_equal(levels[::2, 0], np.round(np.arange(8) % 3 / 10 * 255))
    assert (levels == levels[:, :1]).all()


def test_an_interpolation_begins_where_the_last_one_ended():
    levels = np.asarray(report.strips(Model()))[::2, ::2]
    assert levels.shape == (8, 10) and len(np.unique(levels)) > 20
    np.testing.assert_array_equal(levels[1:, 0], levels[:-1, -1])


def test_a_report_begins_with_pictures():
    line = {"metric": "m", "values": {"distance": 1.5}, "checkpoint": "last", "fakes": 10, "reference": {}}
    html = report.page("A <model>", [line], {"Samples": Image.new("L", (4, 4))}, {"kid": "no network"})
    parts = ("<h1>A &lt;model&gt;</h1>", "<h2>Samples</h2><img", "<h2>Numbers</h2>", "<table>", "Left out: kid")
    assert sorted(parts, key=html.index) == list(parts)
    assert "<th>note" not in html and "<th>note" in report.page("A", [line | {"note": "few"}], {})


def test_classes_have_their_names_in_the_table():
    values = {"distance": 1.5, "class_0": 1.0, "class_1": None, "class_2": 2.0}
    line = {"metric": "m", "values": values, "checkpoint": "last", "fakes": 10, "reference": {"a|b/train": 5}}
    html = report.page("A", [line | {"class_names": ["cat", "<b>|"]}], {})
    cells = re.findall("<td>(.*?)</td>", html)
    assert cells[1::7] == ["distance", "class_0 cat", "class_1 &lt;b&gt;¦", "class_2"]
    assert cells[6::7] == ["5 of a¦b/train"] * 4
    assert "<td>class_0</td>" in report.page("A", [line], {})


def test_a_value_for_each_class_goes_with_their_names():
    class Evaluator:
        def measure(self, fakes, seed):
            yield {"metric": "m", "values": {"distance": 1.0}, "reference": {}}
            yield {"metric": "n", "values": {"distance": 1.0, "class_0": 1.0}, "reference": {}}

    model = Model(num_classes=2)
    for names, expected in (((), [None, None]), (("cat", "dog"), [None, ["cat", "dog"]])):
        model.class_names = names
        work = session.ModelSession("it", lambda checkpoint: model, ["last"], Evaluator(), None, 1, 0, 8)
        assert [line.get("class_names") for line in work.lines()] == expected


def line_of(svg, name):
    """The coordinates of a line in a plot, (x, y)."""
    (group,) = (it for it in xml.etree.ElementTree.fromstring(svg).iter() if it.get("id") == name)
    return np.array(re.findall(r"[ML] (\S+) (\S+)", group[0].get("d")), float).T


def test_curves_are_of_what_a_run_wrote_down():
    rows = [{"kimg": 1.0, "d_loss": 1.0, "g_loss": None, "fd": 9.0}, {"kimg": 2.0, "d_loss": 3.0, "g_loss": 1.0}]
    rows += [{"kimg": 4.0, "d_loss": 2.0, "g_loss": float("nan"), "fd": 3.0}, {"step": 5}]
    drawn = curves.of_run(rows, ["fd", "kd"])
    assert list(drawn) == ["Losses", "fd, followed while training"]
    x, y = line_of(drawn["Losses"], "d_loss")
    assert np.all(np.diff(x) > 0) and np.isclose(x[1] - x[0], (x[2] - x[1]) / 2)  # kimg 1, 2, 4
    assert y[0] > y[2] > y[1]  # in a picture, up is less
    assert curves.of_run([]) == curves.of_run(rows[:1]) == {}
    assert curves.of_run(rows, ["fd", "kd"]) == drawn  # no date, no ids by chance
    line = {"metric": "m", "values": {"distance": 1.5}, "checkpoint": "last", "fakes": 10, "reference": {}}
    html = report.page("m", [line], {}, {}, drawn)
    assert html.index("<h2>Numbers") < html.index("<h2>Losses</h2><svg") < html.index("fd, followed")


def test_equal_numbers_are_a_line_too():
    _, y = line_of(curves.svg({"d_loss": [(1, 2.0), (2, 2.0)]}), "d_loss")
    assert len(y) == 2 and y[0] == y[1]


def test_a_report_says_what_the_model_is_and_parts_fakes_from_reals():
    assert report.about(Model(3)) == "Images of 2 x 2 x 1 from 4 latents, 3 classes."
    parted = np.asarray(report._parted(Image.new("L", (48, 16)), 16))
    assert parted.shape == (16, 50) and (parted == 255).all(axis=0).nonzero()[0].tolist() == [16, 17]
