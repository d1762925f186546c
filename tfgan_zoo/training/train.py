"""A run from its configuration to its last checkpoint."""

import contextlib
import functools

import keras

from tfgan_zoo.evaluation.metrics.modes import SAMPLES, count_modes
from tfgan_zoo.training import callbacks, cluster, devices, loop, rollbacks, workers
from tfgan_zoo.training.best_weights import BestWeights
from tfgan_zoo.training.build import build_model
from tfgan_zoo.training.checkpoints import Checkpoints
from tfgan_zoo.training.errors import Diverged
from tfgan_zoo.training.health import Health
from tfgan_zoo.training.sample_grids import SampleGrids


def train(config, run, data, begin=None):
    """Trains a run to its end, from the newest checkpoint if there is one.

    However the process ends, the same call in a new one goes on from the last checkpoint and ends with the same bits.

    Args:
        config: a `Config` resolved by `devices.resolve`.
        run: its `RunDirectory`.
        data: what `tfgan_zoo.data.load` returned.
        begin: a function of the fresh model, called if there is no checkpoint: it may give it trained weights.

    Returns:
        The trained `GAN`.

    Raises:
        Diverged: a loss is no longer a number.
        Interrupted: a signal came; the state is saved.
        RunError: a checkpoint does not fit, or cannot be written; all are damaged; or the device has too little memory.
        ValueError: another process is training this run.
    """
    with devices.out_of_memory(config), workers.lost(config), run.locked():
        keras.utils.set_random_seed(config.seed)
        back = rollbacks.Rollbacks(config, run)
        with devices.scope(devices.make_strategy(config)):
            model = build_model(config, back.halved_at)
        if cluster.of(config).is_chief:
            return _train(model, config, run, data, begin, back)
        return _assist(model, config, run, data)


def _assist(model, config, run, data):
    """Trains as a worker that is not the chief: takes its state, and writes nothing that anyone keeps."""
    workers.share_state(model)
    with callbacks.Guard(Checkpoints(model, run.checkpoints)) as guard:
        _fit(model, config, data, [guard])
    return model


def _train(model, config, run, data, begin, back):
    checkpoints = Checkpoints(model, run.checkpoints, config.steps_per_tick)
    run.remove_leftovers()
    damaged = checkpoints.tidy()
    step = checkpoints.restore()
    if begin is not None and checkpoints.latest is None:
        begin(model)
    if config.strategy == "multiworker":
        workers.share_state(model)
    run.forget_after(step)
    progress = callbacks.Progress(config, step)
    samples = SampleGrids(model, data, run)

    def write(line):
        progress.write(line)
        run.log(line)

    for line in (*damaged, devices.remark(config)):
        if line:
            write(line)
    if step:
        write(f"resuming at step {step}")
    else:
        samples.save_reals()
        samples.save_samples(0)
        if config.on_nan == "rollback":  # which may come before the first tick's end
            checkpoints.save()
    measures = [Health(model, data).signals]
    if config.on_nan == "rollback":
        measures.append(lambda: {"rollbacks": back.before(model.trained_steps)})
    if data.mixture is not None:
        measures.append(lambda: count_modes(model.generate(SAMPLES), data.mixture.centres, data.mixture.std))
    best = BestWeights(config, model, data, run)
    ticks = callbacks.Ticks(config, run, checkpoints, samples, measures, best.evaluate, write)
    board = callbacks.Board(str(run.events), write_graph=False)
    dump = functools.partial(rollbacks.dump, config, run, data)
    with contextlib.closing(progress), callbacks.Guard(checkpoints, dump) as guard:
        while model.trained_steps < config.steps:
            try:
                _fit(model, config, data, [progress, ticks, board, guard])
            except Diverged as error:
                write(back.go_back(model, checkpoints, error))
                progress.go_back(model.trained_steps)
        for line in best.summary():
            write(line)
    return model


def _fit(model, config, data, callbacks):
    """Trains from the model's step to the end, a tick an epoch."""
    step = model.trained_steps
    for first_step, epochs, length in segments(step, config.steps, config.steps_per_tick):
        if first_step % config.steps_per_tick:
            model.keep_metrics()
        first_tick = first_step // config.steps_per_tick
        batches = data.train(config.batch_size, model.batches_per_step, config.seed, first_step)
        loop.train_ticks(model, batches, first_tick, epochs, length, callbacks)


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
