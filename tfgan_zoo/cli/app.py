"""What the four commands share: parsing, one-line errors, exit statuses, a quiet TensorFlow import."""

import contextlib
import os
import signal
import sys
import textwrap
import threading

from absl import flags

DONE, FAILED, BAD_INPUT = 0, 1, 2
_KINDS = {"bool": "true or false", "int": "a whole number", "float": "a number"}  # absl's names of the flags' types


class Command:
    """A command line: its flags, its help, its exit statuses.

    absl by itself exits 1 on bad flags and on --help, and ignores positionals; here bad input is one line on
    stderr and status 2, and --help is status 0.

    Args:
        name: the script, such as "train.py".
        summary: one line on what it does.
        examples: tuple of command lines, shown by --help.
    """

    def __init__(self, name, summary, examples):
        self.name, self.summary, self.examples = name, summary, examples
        self.flags = flags.FlagValues()
        self._order = []
        self.boolean("help", False, "show this text")

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
        self._declare(flags.DEFINE_list, name, default, text)

    def _declare(self, define, name, default, text):
        define(name, default, text, flag_values=self.flags)
        self._order.append(name)

    def help(self):
        """Returns the text of --help."""
        lines = [self.summary, ""]
        lines += [f"    python {self.name} {example}" for example in self.examples]
        lines.append("")
        for name in self._order:
            flag = self.flags[name]
            default = "" if flag.default in (None, False) or name == "help" else f" (default {flag.default_as_str})"
            text = textwrap.wrap(flag.help + default, 88)
            lines += [f"  --{name:<18}{text[0]}", *(" " * 22 + line for line in text[1:])]
        return "\n".join(lines)

    def parse(self, argv):
        """Parses the arguments.

        Args:
            argv: list of str, without the program's name.

        Returns:
            (values, given): every flag's value, and the set of names that the user set.

        Raises:
            ValueError: for an unknown flag, a value of the wrong kind, or a positional.
        """
        self.flags.unparse_flags()
        try:
            rest = self.flags([self.name, *argv])[1:]
        except flags.IllegalFlagValueError as error:
            raise ValueError(self._of_wrong_kind(str(error))) from None
        except flags.Error as error:
            raise ValueError(" ".join(str(error).split())) from None
        if rest:
            raise ValueError(f"unexpected argument {rest[0]!r}: every option is written --name=value")
        return {name: self.flags[name].value for name in self._order}, {
            name for name in self._order if self.flags[name].present
        }

    def _of_wrong_kind(self, message):
        """Says in our words what absl says of a value that a flag cannot take: "flag --NAME=VALUE: ..."."""
        name, value = message.removeprefix("flag --").split(": ")[0].split("=", 1)
        return f"{name}={value} must be {_KINDS[self.flags[name].flag_type()]}"

    def run(self, body, argv=None):
        """Parses, runs `body(values, given)` and returns the exit status; what fails in `checks` is bad input."""
        status = DONE
        try:
            with checks():
                values, given = self.parse(sys.argv[1:] if argv is None else argv)
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
        except Terminated:
            return fail(f"{self.name}: stopped by SIGTERM", 128 + signal.SIGTERM)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader went away: not our failure
        return status


class BadInput(Exception):
    """What the user asked for cannot be done; the message is one line."""


class Terminated(BaseException):
    """SIGTERM came; like a KeyboardInterrupt, so that whoever writes cleans up."""


@contextlib.contextmanager
def _terminable():
    """Raises `Terminated` on SIGTERM, where the process would end and leave what is half written."""

    def stop(number, frame):
        raise Terminated

    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def checks():
    """Marks the part of a command in which a ValueError or a file's OSError is the user's, not ours."""
    try:
        yield
    except BrokenPipeError:
        raise
    except (ValueError, OSError) as error:
        raise BadInput(str(error)) from error


def fail(message, status):
    """Prints one line on stderr; returns `status`."""
    print(" ".join(message.split()), file=sys.stderr)
    return status


def import_tensorflow():
    """Imports TensorFlow without the lines that it writes to stderr whatever the log level."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _silent_stderr():
        import tensorflow as tf

        tf.config.list_physical_devices()  # on a machine without a GPU, the search for one is an error line


@contextlib.contextmanager
def _silent_stderr():
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
