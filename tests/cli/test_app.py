"""What the commands share: lists of words, and what of a text a terminal gets."""

import os
import subprocess
import sys

import pytest

from tfgan_zoo.cli import app, evaluate, train


@pytest.fixture
def command():
    """A command with a list of words."""
    command = app.Command("it.py", "Does it.", ())
    command.words("words", None, "some words")
    command.integer("number", 1, "a number")
    return command


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b", ["a", "b"]),
        (" a , b", ["a", "b"]),
        ("", []),
        ('"a', ['"a']),
        ("a\nb", ["a\nb"]),
        ('a"b,"c', ['a"b', '"c']),
        ("a,", ["a", ""]),
    ],
)
def test_a_list_is_split_at_commas_alone(command, text, words):
    assert command.parse([f"--words={text}"]) == ({"help": False, "words": words, "number": 1}, {"words"})
    assert command.parse([])[0]["words"] is None


def test_a_path_below_home_is_that_and_no_folder_of_this_name(command, monkeypatch):
    """Shells expand it where it stands alone, and not behind "=": a run would go into a folder called ~."""
    monkeypatch.setenv("HOME", "/users/me\\1")
    command.string("path", None, "a path")
    values, _ = command.parse(["--path=~/photos", "--words=~/a.png, b~/c,~/d.png"])
    assert values["path"] == "/users/me\\1/photos"
    assert values["words"] == ["/users/me\\1/a.png", "b~/c", "/users/me\\1/d.png"]
    assert command.parse(["--path=~me/x"])[0]["path"] == "~me/x"


@pytest.mark.parametrize("text", ['"a', "a\nb", "\x1b[2J", "\udcff", "\u202eabc", "a" * 5000, "a\x00b"])
@pytest.mark.parametrize("flag", ["--words", "--number", "--it", "it"])
def test_bad_input_is_one_short_line_without_escapes(command, capsys, flag, text):
    def body(values, given):
        with app.checks():
            raise ValueError(f"words={values['words']} are unknown; choose from a, b")

    assert command.run(body, [f"{flag}={text}" if flag != "it" else text]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("it.py: ") and err.count("\n") == 1 and len(err) < 620
    assert err[:-1].isprintable()


def test_a_long_line_keeps_its_beginning_and_its_end(capsys):
    assert app.fail("it.py: " + "x" * 9999 + "; choose from a, b", 2) == 2
    err = capsys.readouterr().err
    assert err.startswith("it.py: xx") and err.endswith("xx; choose from a, b\n") and " ... " in err


def test_no_escape_sequence_leaves_a_command(command, capsys):
    def body(values, given):
        print("export    a\x1b]0;title\x07b\tc")
        print("a\x1b[2J", file=sys.stderr)
        print("50%\r100%")
        return app.DONE

    assert command.run(body, []) == 0
    out, err = capsys.readouterr()
    assert out == "export    a\\x1b]0;title\\x07b\tc\n50%\r100%\n" and err == "a\\x1b[2J\n"


@pytest.mark.parametrize(
    ("which", "flags"),
    [
        (train, ['--eval_metrics="a']),
        (train, ["--augment=a\nb"]),
        (train, ["--method=ces", '--costs="hinge']),
        (evaluate, ["--model=gan_ring", '--metrics="a']),
        (train, ["--recipe=/dev/full"]),
        (train, ["--recipe=PIPE.json"]),
        (train, ["--dataset=PIPE.zip"]),
        (train, ["--dataset=/dev/zero"]),
        (evaluate, ["--fakes=PIPE.npz", "--metrics=fd_fashion_all"]),
        (evaluate, ["--fakes=PIPE.zip", "--metrics=fd_fashion_all"]),
        (evaluate, ["--model=PIPE.keras"]),
        (train, ["--init_from=PIPE.keras"]),
        (train, ["--init_from=PIPE"]),
    ],
)
def test_what_cannot_be_read_is_one_line(which, flags, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {flag.split("=")[1] for flag in flags if "=PIPE" in flag}
    for name in names:
        os.mkfifo(name)
    assert which.main(flags) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith(which.COMMAND.name)
    assert not names or "is no regular file" in err
    assert {path.name for path in tmp_path.iterdir()} == names


def test_bytes_that_are_no_text_are_escaped(tmp_path):
    code = "import sys; from tfgan_zoo.cli import train; sys.exit(train.main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", code, b"--recipe=\xff\x1b[31m"], capture_output=True, cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1
    assert b"\\udcff\\x1b[31m" in done.stderr and b"\x1b" not in done.stderr
