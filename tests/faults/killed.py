"""train.py that kills itself: at an event of a file system, at a place of a checkpoint write, or at a step.

    python killed.py WHERE train.py's flags

WHERE is a place of `PLACES` and a count, such as "sealed:2", the second time that the place is passed; "event:30", the
30th time that Python opens for writing, renames or removes a file in the run's folder; or "step:5". With two logical
devices if $DEVICES is 2.
"""

import os
import signal
import sys
import threading

PLACES = ("before", "data", "index", "written", "sealed", "named")


def kill():
    os.kill(os.getpid(), signal.SIGKILL)
    threading.Event().wait()  # until it comes


def count(number):
    """Returns a function that kills the process the `number`th time that it is called."""
    left = [number]

    def passed():
        left[0] -= 1
        if left[0] == 0:
            kill()

    return passed


def at_events(number, run_dir):
    """Kills at an audit event of Python; TensorFlow writes its part of a checkpoint outside of Python."""
    passed = count(number)

    def hook(event, arguments):
        if event not in ("open", "os.rename", "os.remove", "os.mkdir"):
            return
        path, *others = arguments
        reads = event == "open" and not others[1] & (os.O_WRONLY | os.O_RDWR)
        if isinstance(path, (str, os.PathLike)) and str(path).startswith(run_dir) and not reads:
            passed()

    sys.addaudithook(hook)


def at_place(place, number):
    """Kills at a place of the write of a checkpoint."""
    import pathlib

    import tensorflow as tf

    from tfgan_zoo.training import checkpoints, seals

    passed = count(number)
    write, seal = tf.train.Checkpoint.write, seals.seal

    def half(self, path):
        if place == "before":
            passed()
        result = write(self, path)
        index = pathlib.Path(f"{path}.index")
        if place in ("data", "index"):  # as TensorFlow leaves it that has not begun, or not ended, the index
            content = index.read_bytes()
            index.unlink()
            if place == "index":
                index.write_bytes(content[: len(content) // 2])
            passed()
            index.write_bytes(content)
        if place == "written":
            passed()
        return result

    def sealed(folder, step):
        seal(folder, step)
        if place == "sealed":
            passed()

    def named(self):
        name(self)
        if place == "named":
            passed()

    name = checkpoints.Checkpoints._name_newest
    tf.train.Checkpoint.write, checkpoints.seals.seal, checkpoints.Checkpoints._name_newest = half, sealed, named


def at_step(number):
    """Kills after a training step."""
    from tfgan_zoo.training import callbacks

    passed, inner = count(number), callbacks.Guard.on_train_batch_end

    def on_train_batch_end(self, batch, logs=None):
        inner(self, batch, logs)
        passed()

    callbacks.Guard.on_train_batch_end = on_train_batch_end


def main(where, *flags):
    from tfgan_zoo.cli import app, train

    app.import_tensorflow()
    if os.environ.get("DEVICES") == "2":
        import tensorflow as tf

        device = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(device, [tf.config.LogicalDeviceConfiguration()] * 2)
    kind, number = where.split(":")
    if kind == "event":
        (run_dir,) = (flag.removeprefix("--run_dir=") for flag in flags if flag.startswith("--run_dir="))
        at_events(int(number), run_dir)
    elif kind == "step":
        at_step(int(number))
    elif kind in PLACES:
        at_place(kind, int(number))
    return train.main(list(flags))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
