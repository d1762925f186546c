"""Films of a run's sheets: every frame is a sheet, in order, to the level."""

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tfgan_zoo.cli import app, generate
from tfgan_zoo.sharing.films import FORMATS


@pytest.fixture
def run(tmp_path):
    """A run of three sheets, noise."""
    (tmp_path / "run" / "samples").mkdir(parents=True)
    (tmp_path / "run" / "config.json").write_text("{}")
    for step in (0, 100, 20):
        levels = np.random.default_rng(step).integers(0, 256, (16, 24), "uint8")
        Image.fromarray(levels).save(tmp_path / "run" / "samples" / f"step_{step:07d}.png")
    return tmp_path / "run"


@pytest.fixture(autouse=True)
def _without_tensorflow(monkeypatch):
    monkeypatch.setattr(app, "import_tensorflow", lambda: pytest.fail("TensorFlow was started"))


def grey(image):
    return np.asarray(image.convert("RGB"))[..., 0]


@pytest.mark.parametrize("suffix", ["gif", "webp", "apng"])
def test_frames_are_the_sheets(suffix, run, tmp_path, capsys):
    output = tmp_path / "out" / f"training.{suffix}"
    assert generate.main([f"--run_dir={run}", f"--output={output}", "--seconds=1.5"]) == 0
    assert capsys.readouterr().out == f"3 sheets of {run}: {output}\n"
    with Image.open(output) as film:
        frames = [(grey(frame), frame.info.get("duration")) for frame in ImageSequence.Iterator(film)]
    sheets = sorted((run / "samples").iterdir())
    for (levels, _), sheet in zip(frames, sheets, strict=True):
        np.testing.assert_array_equal(levels, grey(Image.open(sheet)))
    assert {duration for _, duration in frames} == {500}


def test_of_many_sheets_evenly_many_are_shown(run, tmp_path):
    assert generate.main([f"--run_dir={run}", f"--output={tmp_path}/a.webp", "--seconds=0.08"]) == 0
    with Image.open(tmp_path / "a.webp") as film:
        assert film.n_frames == 2
        film.seek(1)
        np.testing.assert_array_equal(grey(film), grey(Image.open(run / "samples" / "step_0000100.png")))


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--run_dir=RUN", "--output=a.png"], "output=a.png must end in one of .gif, .webp, .apng, .mp4"),
        (["--run_dir=RUN"], "output=grid.png must end in"),
        (
            ["--run_dir=RUN", "--output=a.webp", "--model=m"],
            "run_dir makes a film of a run's sheets: leave out --model",
        ),
        (["--run_dir=nowhere", "--output=a.webp"], "run_dir=nowhere is no run"),
        (["--run_dir=RUN", "--output=a.webp", "--seconds=0"], "seconds=0.0 must be above 0"),
        (["--run_dir=RUN", "--output=a.webp", "--seconds=nan"], "seconds=nan must be above 0"),
        (["--run_dir=RUN", "--output=a.gif", "--seconds=3600"], "output=a.gif: a GIF shows a frame for 655 s at most"),
        (["--run_dir=RUN", "--output=run/a.webp"], "output=run/a.webp is a folder"),
        (["--model=m", "--seconds=3"], "seconds is for a walk"),
        (["--run_dir=RUN/ODD", "--output=a.webp"], "is of another size"),
        (["--run_dir=RUN/BAD", "--output=a.webp"], "is damaged"),
        (["--run_dir=RUN/ONE", "--output=a.webp"], "holds 1 sheets of samples; a film needs at least 2"),
    ],
)
def test_bad_input_is_one_line(flags, words, run, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    sheet = run / "samples" / "step_0000020.png"
    if "RUN/ODD" in flags[0]:
        Image.new("L", (9, 9)).save(sheet)
    elif "RUN/BAD" in flags[0]:
        sheet.write_bytes(sheet.read_bytes()[:60])
    elif flags[-1] == "--output=run/a.webp":
        (run / "a.webp").mkdir()
    elif "RUN/ONE" in flags[0]:
        for other in sorted(run.glob("samples/*"))[1:]:
            other.unlink()
    flags = [flags[0].replace("RUN", str(run)).split("/ODD")[0].split("/BAD")[0].split("/ONE")[0], *flags[1:]]
    assert generate.main(flags) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and words in err, err
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_film_of_no_time_shows_each_sheet(suffix, run, tmp_path):
    if suffix == ".mp4":
        pytest.importorskip("imageio_ffmpeg")
    assert generate.main([f"--run_dir={run}", f"--output={tmp_path}/a{suffix}", "--seconds=0.0001"]) == 0
    assert (tmp_path / f"a{suffix}").stat().st_size


@pytest.mark.parametrize("suffix", [suffix for suffix in FORMATS if suffix not in (".gif", ".mp4")])
def test_a_film_of_an_hour_has_its_time(suffix, run, tmp_path):
    assert generate.main([f"--run_dir={run}", f"--output={tmp_path}/a{suffix}", "--seconds=3599.99"]) == 0
    with Image.open(tmp_path / f"a{suffix}") as film:
        film.seek(1)
        film.load()
        assert abs(film.n_frames * film.info["duration"] - 3_599_990) <= 1000 * film.n_frames


def test_a_full_disk_is_a_failure_and_leaves_nothing(run, tmp_path, monkeypatch, capsys):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tfgan_zoo.sharing.films.write_atomically", full)
    assert generate.main([f"--run_dir={run}", f"--output={tmp_path}/a.webp"]) == 1
    assert "No space left on device" in capsys.readouterr().err and [path.name for path in tmp_path.iterdir()] == [
        "run"
    ]
