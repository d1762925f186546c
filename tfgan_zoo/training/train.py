"""A run from its configuration to its last checkpoint."""

import contextlib

import keras

from tfgan_zoo.evaluation.modes import SAMPLES, count_modes
from tfgan_zoo.training import callbacks, devices
from tfgan_zoo.training.best import Best
from tfgan_zoo.training.build import build_model
from tfgan_zoo.training.checkpoints import Checkpoints
from tfgan_zoo.training.health import Health
from tfgan_zoo.training.sheets import Sheets


def train(config, run, data, begin=None):
    """Trains a run to its end, from the newest checkpoint if there is one.

    Whatever kills it, starting it again goes on from the last checkpoint and ends with the same bits.

    Args:
        config: a `Config` settled by `devices.resolve`.
        run: its `RunDirectory`.
        data: what `tfgan_zoo.data.load` returned.
        begin: a function of the fresh model, called if there is no checkpoint: it may give it trained weights.

    Returns:
        The trained `GAN`.

    Raises:
        Diverged: a loss is no longer a number.
        Interrupted: a signal came; the state is saved.
        RunError: a checkpoint does not fit, or cannot be written; or the device has too little memory.
    """
    with devices.out_of_memory(config):
        return _train(config, run, data, begin)


def _train(config, run, data, begin):
    keras.utils.set_random_seed(config.seed)
    with devices.scope(devices.make_strategy(config)):
        model = build_model(config)
    checkpoints = Checkpoints(model, run.checkpoints)
    step = checkpoints.restore()
    if begin is not None and checkpoints.latest is None:
        begin(model)
    run.forget_after(step)
    progress = callbacks.Progress(config, step)
    sheets = Sheets(model, data, run)

    def write(line):
        progress.write(line)
        run.log(line)

    if step:
        write(f"resuming at step {step}")
    else:
        sheets.save_reals()
        sheets.save_samples(0)
    measures = [Health(model, data).signals]
    if data.mixture is not None:
        measures.append(lambda: count_modes(model.generate(SAMPLES), data.mixture.centres, data.mixture.std))
    best = Best(config, model, data, run)
    ticks = callbacks.Ticks(config, run, checkpoints, sheets, measures, best.evaluate, write)
    board = keras.callbacks.TensorBoard(str(run.events), write_graph=False)
    with contextlib.closing(progress), callbacks.Guard(checkpoints) as guard:
        for first_step, epochs, length in segments(step, config.steps, config.steps_per_tick):
            if first_step % config.steps_per_tick:
                model.keep_metrics()
            first_tick = first_step // config.steps_per_tick
            model.fit(
                data.train(config.batch_size, model.reals_per_step, config.seed, first_step),
                initial_epoch=first_tick,
                epochs=first_tick + epochs,
                steps_per_epoch=length,
                verbose=0,
                callbacks=[progress, ticks, board, guard],
            )
        for line in best.summary():
            write(line)
    return model


def segments(step, steps, tick):
    """Splits the steps from `step` to `steps` into stretches of equally long epochs that end at whole ticks.

    Args:
        step: int, the first step to do.
        steps: int, the number of steps of the run.
        tick: int, steps between two ticks.

    Returns:
        A list of (first step, epochs, steps in an epoch): up to the next tick, the whole ticks, what is left.

    >>> segments(5, 33, 10)
    [(5, 1, 5), (10, 2, 10), (30, 1, 3)]
    """
    stretches = []
    while step < steps:
        length = min(tick - step % tick, steps - step)
        epochs = (steps - step) // tick if length == tick else 1
        stretches.append((step, epochs, length))
        step += epochs * length
    return stretches
