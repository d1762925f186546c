"""A run from its configuration to its last checkpoint."""

import contextlib
import functools
import time

import keras

from tfgan_zoo.evaluation.metrics.modes import SAMPLES, count_modes
from tfgan_zoo.settings import pace
from tfgan_zoo.training import callbacks, cluster, devices, events, loop, rollbacks, workers
from tfgan_zoo.training.best_weights import BestWeights
from tfgan_zoo.training.build import build_model
from tfgan_zoo.training.checkpoints import Checkpoints
from tfgan_zoo.training.errors import Diverged
from tfgan_zoo.training.health import Health
from tfgan_zoo.training.opening import Opening
from tfgan_zoo.training.sample_grids import SampleGrids


def train(config, run, data, begin=None, began=None):
    """Trains a run to its end, from the newest checkpoint if there is one.

    However the process ends, the same call in a new one goes on from the last checkpoint and ends with the same bits.

    Args:
        config: a `Config` resolved by `devices.resolve`.
        run: its `RunDirectory`.
        data: what `tfgan_zoo.data.load` returned.
        begin: a function of the fresh model, called if there is no checkpoint: it may give it trained weights.
        began: float, `time.monotonic` when the process began, from which a budget is counted; None is now.

    Returns:
        The trained `GAN`.

    Raises:
        Diverged: a loss is no longer a number.
        Interrupted: a signal came; the state is saved.
        RunError: a checkpoint does not fit, or cannot be written; all are damaged; or the device has too little memory.
        ValueError: another process is training this run.
    """
    began = time.monotonic() if began is None else began
    with devices.out_of_memory(config), workers.lost(config), run.locked():
        keras.utils.set_random_seed(config.seed)
        back = rollbacks.Rollbacks(config, run)
        with devices.scope(devices.make_strategy(config)):
            model = build_model(config, back.halved_at)
        if cluster.of(config).is_chief:
            return _train(model, config, run, data, begin, back, began)
        return _assist(model, config, run, data)


def _assist(model, config, run, data):
    """Trains as a worker that is not the chief: takes its state, and writes nothing that anyone keeps."""
    workers.share_state(model)
    with callbacks.Guard(Checkpoints(model, run.checkpoints)) as guard:
        _fit(model, config, data, [guard])
    return model


def _train(model, config, run, data, begin, back, began):
    checkpoints = Checkpoints(model, run.checkpoints, config.ticks, config.kept)
    run.remove_leftovers()
    damaged = checkpoints.tidy()
    step = checkpoints.restore()
    if begin is not None and checkpoints.latest is None:
        begin(model)
    if config.strategy == "multiworker":
        workers.share_state(model)
    run.forget_after(step)
    progress = callbacks.Progress(config, step)
    samples, board = SampleGrids(model, data, run), events.of_run(run, config)

    def write(line):
        progress.write(line)
        run.log(line)

    for line in (*damaged, devices.remark(config)):
        if line:
            write(line)
    if step:
        write(f"resuming at step {step}")
    else:
        board.picture(0, "reals", samples.save_reals())
        board.picture(0, "samples", samples.save_samples(0))
        if config.on_nan == "rollback":  # which may come before the first tick's end
            checkpoints.save()
    measures = [Health(model, data).signals]
    if config.on_nan == "rollback":
        measures.append(lambda: {"rollbacks": back.before(model.trained_steps)})
    if data.mixture is not None:
        measures.append(lambda: count_modes(model.generate(SAMPLES), data.mixture.centres, data.mixture.std))
    best = BestWeights(config, model, data, run)
    ticks = callbacks.Ticks(config, run, checkpoints, samples, board, measures, best.evaluate, write)
    dump = functools.partial(rollbacks.dump, config, run, data)
    with contextlib.closing(progress), contextlib.closing(board), callbacks.Guard(checkpoints, dump) as guard:
        around = [progress, ticks, guard]
        followers, deadline = (progress, best, back, checkpoints), None
        while model.trained_steps < config.steps:
            try:
                if config.first_tick_kimg == 0:
                    opening = Opening(config, began, model.trained_steps)
                    config = _open(model, config, run, data, around, opening)
                    _follow(config, run, followers)
                    deadline = opening.deadline()
                if deadline is None:
                    _fit(model, config, data, around)
                else:
                    config = _fit_until(deadline, model, config, run, data, around, followers)
            except Diverged as error:
                write(back.go_back(model, checkpoints, error))
                progress.go_back(model.trained_steps)
        for line in best.summary():
            write(line)
    return model


def _open(model, config, run, data, around, opening):
    """Trains until the clock ends the first tick, or there is none to end; returns the configuration that it makes."""
    first_step, _, length = config.ticks.segments(model.trained_steps, config.steps)[0]
    _stretch(model, config, data, around, first_step, 1, length, opening.is_over)
    return opening.paced(config, model.trained_steps)


def _follow(config, run, followers):
    """Writes down what the clock made of the configuration, and tells those that go by it."""
    run.write_config(config)
    for follower in followers:
        follower.follow(config)


def _fit_until(deadline, model, config, run, data, around, followers):
    """Trains as `_fit` does, or until the clock ends the run before; returns the configuration that it makes.

    The new end is written before the last records: killed there, the run resumes and ends at the same step.
    """
    found = [config]

    def is_over():
        if not deadline.is_over():
            return False
        found[0] = pace.ended(config, model.trained_steps)
        _follow(found[0], run, followers)
        return True

    for stretch in config.ticks.segments(model.trained_steps, config.steps):
        _stretch(model, config, data, [deadline, *around], *stretch, is_over)
        if found[0] is not config:
            break
    return found[0]


def _fit(model, config, data, around):
    """Trains from the model's step to the end, a tick an epoch."""
    for stretch in config.ticks.segments(model.trained_steps, config.steps):
        _stretch(model, config, data, around, *stretch)


def _stretch(model, config, data, around, first_step, epochs, length, is_over=None):
    """Trains some ticks of one length."""
    if not config.ticks.is_end(first_step):
        model.keep_metrics()
    batches = data.train(config.batch_size, model.batches_per_step, config.seed, first_step)
    loop.train_ticks(model, batches, config.ticks.number(first_step), epochs, length, around, is_over)
