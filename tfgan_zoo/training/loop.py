"""The loop around the steps of a run: as `fit` does it, but without a look at every step's numbers."""


def train_ticks(model, data, first_tick, ticks, length, callbacks, is_over=None):
    """Trains whole ticks as `keras.Model.fit` trains epochs, on one device or many.

    `fit` turns every log of every step into a Python number: on a GPU each waits for the step to end. Here a step's
    logs stay tensors, and callbacks read what they need when they need it.

    Args:
        model: a compiled `GAN`.
        data: a `tf.data.Dataset` of the steps' batches, without an end.
        first_tick: int, the number of the first one.
        ticks: int, how many.
        length: int, the steps of each.
        callbacks: `keras.callbacks.Callback`s; in `on_train_batch_end`, and only there, the logs are tensors.
        is_over: a function without arguments, asked after each step whether the last tick ends there; None if none
            does.
    """
    step, batches = model.make_train_function(), model.distributed(data)
    for callback in callbacks:
        callback.set_params({"steps": length, "epochs": first_tick + ticks})
        callback.set_model(model)
        callback.on_train_begin()
    over = False
    for tick in range(first_tick, first_tick + ticks):
        if over:
            break
        model.reset_metrics()
        for callback in callbacks:
            callback.on_epoch_begin(tick)
        for batch in range(length):
            logs = step(batches)
            over = is_over is not None and is_over()
            for callback in callbacks:
                if over:
                    callback.set_params({"steps": batch + 1, "epochs": first_tick + ticks})
                callback.on_train_batch_end(batch, logs)
            if over:
                break
        numbers = {name: float(logs[name]) for name in sorted(logs)}
        for callback in callbacks:
            callback.on_epoch_end(tick, numbers)
    for callback in callbacks:
        callback.on_train_end()
