"""What the four commands share: parsing, one-line errors, exit statuses, a quiet TensorFlow import."""

import contextlib
import os
import re
import signal
import sys
import textwrap
import threading
from importlib import metadata

from absl import flags

from tfgan_zoo.cli import entry

DONE, FAILED, BAD_INPUT = 0, 1, 2
_KINDS = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "numbers": "numbers",
}  # absl's names of the flags' types
_MOST = 600  # characters of an error
_KEPT = "\n\t\r"  # of what is not printable, what a terminal may get: \r redraws a line of progress


class Command:
    """A command line: its flags, its help, its exit statuses.

    absl by itself exits 1 on bad flags and on --help, and ignores positionals; here bad input is one line on
    stderr and status 2, and --help is status 0.

    Args:
        script: str, such as "train.py".
        summary: one line on what it does.
        examples: tuple of command lines, shown by --help.
        declare: a function of the command that declares its flags, called when it is first used: what installed
            packages add is not known before.
    """

    def __init__(self, script, summary, examples, declare=None):
        self.script, self.summary, self.examples = script, summary, examples
        self.flags = flags.FlagValues()
        self._order, self._headings = [], {}
        self._declare_later = declare
        self.boolean("help", False, "show this text; -h does too")

    @property
    def name(self):
        """What its messages begin with: "train.py", or "tfgan-zoo train"."""
        return entry.called(self.script)

    def heading(self, text):
        """Puts a line above the flags that are declared next."""
        self._headings[len(self._order)] = text

    def _ready(self):
        declare, self._declare_later = self._declare_later, None
        if declare is not None:
            declare(self)

    def string(self, name, default, text):
        """Declares a flag that takes a word."""
        self._declare(flags.DEFINE_string, name, default, text)

    def integer(self, name, default, text):
        """Declares a flag that takes a whole number."""
        self._declare(flags.DEFINE_integer, name, default, text)

    def number(self, name, default, text):
        """Declares a flag that takes a number."""
        self._declare(flags.DEFINE_float, name, default, text)

    def boolean(self, name, default, text):
        """Declares a flag that is set by --name and cleared by --noname."""
        self._declare(flags.DEFINE_boolean, name, default, text)

    def words(self, name, default, text):
        """Declares a flag that takes words with commas between them."""
        flags.DEFINE(_Words(), name, default, text, self.flags, flags.ListSerializer(","))
        self._order.append(name)

    def numbers(self, name, default, text):
        """Declares a flag that takes numbers with commas between them."""
        flags.DEFINE(_Numbers(), name, default, text, self.flags, flags.ListSerializer(","))
        self._order.append(name)

    def _declare(self, define, name, default, text):
        define(name, default, text, flag_values=self.flags)
        self._order.append(name)

    def names(self):
        """Returns the flags' names, in the order of --help."""
        self._ready()
        return tuple(self._order)

    def help(self):
        """Returns the text of --help."""
        lines = [self.summary, ""]
        lines += [f"    {entry.typed(self.script)} {example}" for example in self.examples]
        lines.append("")
        for number, name in enumerate(self.names()):
            if number in self._headings:
                lines += ["", f"{self._headings[number]}:"]
            flag = self.flags[name]
            default = "" if flag.default in (None, False) else f" (default {flag.default})"  # --help is cleared too
            lines += entry_of_list(f"--{name}", flag.help + default)
        return "\n".join(lines)

    def parse(self, argv):
        """Parses the arguments; ~/ where a value begins is the user's home, which shells leave alone behind a "=".

        Args:
            argv: list of str, without the program's name.

        Returns:
            (values, given): every flag's value, and the set of names that the user set.

        Raises:
            ValueError: for an unknown flag, a value of the wrong kind, or a positional.
        """
        names = self.names()
        self.flags.unparse_flags()
        try:
            rest = self.flags([self.name, *map(_at_home, argv)])[1:]
        except flags.IllegalFlagValueError as error:
            raise ValueError(self._of_wrong_kind(str(error))) from None
        except flags.Error as error:
            raise ValueError(" ".join(str(error).split())) from None
        if rest:
            raise ValueError(f"unexpected argument {rest[0]!r}: every option is written --name=value")
        return {name: self.flags[name].value for name in names}, {name for name in names if self.flags[name].present}

    def _of_wrong_kind(self, message):
        """Says in our words what absl says of a value that a flag cannot take: "flag --NAME=VALUE: ..."."""
        name, value = message.removeprefix("flag --").split(": ")[0].split("=", 1)
        return f"{name}={value} must be {_KINDS[self.flags[name].flag_type()]}"

    def run(self, body, argv=None):
        """Parses, runs `body(values, given)` and returns the exit status; what fails in `checks` is bad input."""
        with contextlib.redirect_stdout(_Plain(sys.stdout)), contextlib.redirect_stderr(_Plain(sys.stderr)):
            return self._run(body, argv)

    def _run(self, body, argv):
        status = DONE
        try:
            argv = sys.argv[1:] if argv is None else argv
            if argv == ["--version"]:  # alone: with a value it may be a flag of the command
                print(f"{self.name} of tfgan_zoo {metadata.version('tfgan-zoo')}")
                return DONE
            with checks():
                values, given = self.parse(["--help" if argument == "-h" else argument for argument in argv])
            if values["help"]:
                print(self.help())
            else:
                with _terminable():
                    status = body(values, given)
            sys.stdout.flush()
        except BadInput as error:
            return fail(f"{self.name}: {error}", BAD_INPUT)
        except KeyboardInterrupt:
            return fail(f"{self.name}: stopped by SIGINT", 128 + signal.SIGINT)
        except Terminated as stop:
            return fail(f"{self.name}: stopped by {signal.Signals(stop.number).name}", 128 + stop.number)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away: not our failure
        return status


def _at_home(argument):
    home = os.path.expanduser("~")
    return re.sub("(?<=[=,])~(?=/)", lambda _: home, argument) if argument.startswith("-") else argument


def entry_of_list(name, text, column=24, wide=112):
    """Returns lines with a name and, from a column on, a text about it: below the name where that is too long.

    >>> entry_of_list("ring", "8 Gaussians", column=9)
    ['  ring   8 Gaussians']
    >>> entry_of_list("fashion_mnist", "clothes", column=9)
    ['  fashion_mnist', '         clothes']
    """
    first = f"  {name}"
    lines = textwrap.wrap(text, wide - column, break_on_hyphens=False) or [""]
    if len(first) + 2 > column:
        return [first, *(" " * column + line for line in lines)]
    return [f"{first:<{column}}{lines[0]}".rstrip(), *(" " * column + line for line in lines[1:])]


class _Words(flags.ArgumentParser):
    """Words with commas between them; absl's own takes quotes and line breaks for a file's format."""

    syntactic_help = "a comma separated list"

    def parse(self, argument):
        words = argument.split(",") if isinstance(argument, str) else argument
        return [word.strip() for word in words] if argument else []

    def flag_type(self):
        return "words"


class _Numbers(_Words):
    """Numbers with commas between them, whole ones as such."""

    def parse(self, argument):
        numbers = [float(word) for word in super().parse(argument)] if isinstance(argument, str) else argument
        return [int(number) if number.is_integer() else number for number in map(float, numbers or ())]

    def flag_type(self):
        return "numbers"


class _Plain:
    """A stream to a terminal through which no escape sequence gets: file names and servers' words may hold some."""

    def __init__(self, stream):
        self._stream = stream

    def write(self, text):
        self._stream.write(plain(text))
        return len(text)

    def __getattr__(self, name):
        return getattr(self._stream, name)


class BadInput(Exception):
    """What the user asked for cannot be done; the message is one line."""


class Terminated(BaseException):
    """SIGTERM or SIGHUP came, `number`; like a KeyboardInterrupt, so that what is half written is removed."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def _terminable():
    """Raises `Terminated` on SIGTERM and SIGHUP, where the process would end and leave what is half written.

    A signal that is ignored, as `nohup` has SIGHUP ignored, stays ignored.
    """

    def stop(number, frame):
        for other in before:  # a second SIGTERM ends at once; SIGHUP comes twice where a shell ends with its terminal
            signal.signal(other, signal.SIG_IGN if other == signal.SIGHUP else signal.SIG_DFL)
        raise Terminated(number)

    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    numbers = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def checks():
    """Marks the part of a command in which a ValueError or a file's OSError is the user's, not ours."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as error:
        raise BadInput(str(error)) from error


def plain(text, kept=_KEPT):
    """Returns a text with control characters, bytes that are no text, and marks that turn text round as escapes.

    >>> plain("a\x1b[2Jb")
    'a\\\\x1b[2Jb'
    """
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in kept else char.encode("unicode_escape").decode() for char in text
    )


def fail(message, status):
    """Prints one line on stderr, cut in its middle if it is longer than a screen takes in; returns `status`."""
    line = plain(" ".join(message.split()), kept="")
    if len(line) > _MOST:
        line = f"{line[: _MOST // 2]} ... {line[-_MOST // 2 + 5 :]}"
    print(line, file=sys.stderr)
    return status


def progress(what, total, unit):
    """Returns a bar on stderr for what takes long, where that is a terminal: `update(n)` moves it, `close` ends it."""
    from tqdm import tqdm

    return tqdm(total=total, desc=what, unit=f" {unit}", dynamic_ncols=True, leave=False, disable=None)


def import_tensorflow():
    """Imports TensorFlow without the lines that it writes to stderr whatever the log level."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _silent_stderr() as stderr, entry.ending_at_once(stderr):
        import tensorflow as tf

        tf.config.list_physical_devices()  # on a machine without a GPU, the search for one is an error line


@contextlib.contextmanager
def _silent_stderr():
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield kept
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
