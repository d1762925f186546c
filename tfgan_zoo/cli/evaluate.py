"""evaluate.py: measures a trained generator, or two sets of images, by named protocols."""

import functools
import pathlib
import sys

from tfgan_zoo import image_sizes, transparency
from tfgan_zoo.cli import app
from tfgan_zoo.data import catalogue, decode
from tfgan_zoo.evaluation import protocols
from tfgan_zoo.evaluation.files import ImageFiles
from tfgan_zoo.files import check_regular, check_writable, write_atomically
from tfgan_zoo.pretrained import loading

COMMAND = app.Command(
    "evaluate.py",
    "Measures a trained generator, or two sets of images. A metric's name is its protocol: see --list.",
    (
        "--model=pconv_fashion_mnist_10k",
        "--model=runs/00000-pconv-fashion_mnist_10k --metrics=fd_fashion_10k,prdc_fashion_10k --runs=3 --report",
        "--model=runs/00003-gan-cifar10 --metrics=fid_50k_train --inception=inception --checkpoint=all",
        "--fakes=samples.zip --reals=photos --metrics=fid_clean_all",
    ),
)

_FOR_FILES = ("fid_clean_all",)


def _declare():
    c = COMMAND
    c.string("model", None, "a run directory, a preset's name or folder, a .keras file or an exported SavedModel")
    c.string("fakes", None, "a folder, .zip or .npz of images to measure instead of a model; all of one size")
    c.string("reals", None, "a folder, .zip or .npz of images to compare with instead of the model's data set")
    c.words(
        "metrics",
        None,
        "names with commas between them (default: what says most about the data set and can be measured)",
    )
    c.string("checkpoint", None, "of a run: last, best, a step, or all; several with commas (default: best and last)")
    c.integer("runs", 1, "how often, each on samples of other seeds: mean and deviation are reported")
    c.integer("seed", 0, "the first sample's seed of the first run")
    c.string("dataset", None, "the model's data set (default: the one it was trained on, where that is known)")
    c.string("data_dir", None, "TFDS's folder")
    c.string("inception", None, "TF-GAN's Inception: a URL, or the folder of a local copy (default: TF-Hub's URL)")
    c.string("extractor", None, "a .keras file or SavedModel, images in [0, 1] to features, for the *_given_* metrics")
    c.integer("batch_size", 64, "samples computed at once; the result does not depend on it beyond rounding")
    c.string("output", None, "folder of metrics.jsonl and metrics.md (default: RUN/evaluation or evaluations/NAME)")
    c.boolean(
        "report", False, "write report.html too: samples, nearest reals, interpolations, the numbers, a run's curves"
    )
    c.boolean("list", False, "print the metrics and stop")


_declare()


def main(argv=None):
    """Runs evaluate.py with `argv`; returns the exit status."""
    return COMMAND.run(_body, argv)


def _body(values, given):
    if values["list"]:
        with app.checks():  # another package's metrics may not load
            names = {name: protocol.summary for name, protocol in protocols.PROTOCOLS.items()}
        entries = [app.entry_of_list(name, summary, column=27) for name, summary in names.items()]
        print("\n".join(line for entry in entries for line in entry))
        return app.DONE
    with app.checks():
        sets = _check(values)
        output = _output(values)
        for name, images in sets.items():
            if images.others:
                print(f"{name}={values[name]}: passed over: {images.others}")
        app.import_tensorflow()
        from tfgan_zoo.evaluation import extractors

        try:
            work = _files(values, sets) if values["fakes"] else _model(values, sets)
        except (extractors.Unavailable, ConnectionError) as error:  # no Inception, no server
            return app.fail(f"{COMMAND.name}: {error}", app.FAILED)
    try:
        _write(work, output, values["report"])
    except ValueError as error:  # a damaged image, samples that are not finite
        return app.fail(f"{COMMAND.name}: {error}", app.BAD_INPUT)
    except OSError as error:
        return app.fail(f"{COMMAND.name}: {error}", app.FAILED)
    print(f"written to {output}")
    return app.DONE


def _write(work, output, report):
    """Measures; writes each result as it comes, then the table and the report."""
    from tfgan_zoo.evaluation import records

    lines = []
    for line in work.lines():
        output.mkdir(parents=True, exist_ok=True)
        records.append(output / "metrics.jsonl", line)
        lines.append(line)
    table = records.table(lines)
    write_atomically(output / "metrics.md", table)
    print(table)
    if report:
        work.report(output / "report.html", lines)


def _check(values):
    """Finds what is wrong with the flags without TensorFlow; returns the `ImageFiles` that they name."""
    if (values["model"] is None) == (values["fakes"] is None):
        raise ValueError("name either --model, or --fakes and --reals")
    for name, least in (("runs", 1), ("batch_size", 1), ("seed", 0)):
        if values[name] < least:
            raise ValueError(f"{name}={values[name]} must be at least {least}")
    beyond = values["seed"] + values["runs"] * protocols.RUN_STRIDE
    if beyond > 2**63:
        raise ValueError(
            f"seed={values['seed']}: with runs={values['runs']} seeds up to {beyond - 1} have over 64 bits"
        )
    if values["metrics"] is not None:
        _choose(values, values["metrics"])
    if values["extractor"] is not None and not pathlib.Path(values["extractor"]).exists():
        raise ValueError(f"extractor={values['extractor']} does not exist; name a .keras file or a SavedModel's folder")
    if values["fakes"] is not None:
        for name, neutral in (("checkpoint", None), ("runs", 1), ("seed", 0), ("dataset", None)):
            if values[name] != neutral:
                raise ValueError(f"{name}={values[name]} is for a model, and --fakes={values['fakes']} is none")
    else:
        loading.kind(values["model"])
        _checkpoints(values)
    reading = _reading(values["model"])
    sets = {name: ImageFiles(name, values[name], reading) for name in ("fakes", "reals") if values[name] is not None}
    if len({images.shape for images in sets.values()}) > 1:
        fakes, reals = sets["fakes"].shape, sets["reals"].shape
        raise ValueError(f"reals={values['reals']} has images of {reals}, fakes={values['fakes']} of {fakes}")
    if values["fakes"] is not None:
        for name, protocol in _choose(values, values["metrics"] or _FOR_FILES, sets["fakes"].shape).items():
            protocols.check_count(name, protocol, sets["fakes"].count)
            if "reals" in sets and protocol.reference == "train":
                protocols.check_reals(name, protocol, "train", sets["reals"].count)
    return sets


def _reading(model):
    """Returns how pictures are read: as those that a model was trained on, as far as that is known."""
    return _reading_of({} if model is None else loading.origin(model))


def _reading_of(origin):
    choices = {name: origin[name] for name in catalogue.READING if name in origin}
    return catalogue.reading(origin.get("dataset", ""), **choices) or decode.USUAL


def _choose(values, names, shape=None, classes=None):
    """Returns {name: Protocol}; refuses a flag that none of them has a use for."""
    endless, extractor = values["fakes"] is None, values["extractor"] is not None
    chosen = protocols.choose(names, shape=shape, endless=endless, extractor=extractor, classes=classes)
    references, networks = ({getattr(it, what) for it in chosen.values()} for what in ("reference", "extractor"))
    used = {
        "reals": bool(references & {"train", "heldout", "both"}) or values["report"],  # which shows nearest reals
        "inception": "inception" in networks,
        "extractor": "given" in networks,
    }
    for flag, is_used in used.items():
        if values[flag] is not None and not is_used:
            raise ValueError(f"{flag}={values[flag]} is of no use to metrics={','.join(chosen)}")
    return chosen


def _checkpoints(values):
    """Returns the checkpoints to measure, as `loading.load` takes them."""
    available = loading.checkpoints(values["model"])
    if values["checkpoint"] is None:
        return [name for name in ("best", "last") if name in available]
    if values["checkpoint"] == "all":
        return [name for name in available if name != "last"] or available  # the last of a run has a number too
    chosen = list(dict.fromkeys(values["checkpoint"].split(",")))  # one twice would be two runs without deviation
    unknown = next((name for name in chosen if name not in available), None)
    if unknown is not None:
        raise ValueError(f"checkpoint={unknown} is not in {values['model']}; choose from {', '.join(available)}, all")
    return chosen


def _output(values):
    if values["output"] is not None:
        output = pathlib.Path(values["output"])
    elif values["model"] is not None and loading.kind(values["model"]) == "run":
        output = pathlib.Path(values["model"]) / "evaluation"
    else:
        output = pathlib.Path("evaluations") / pathlib.Path(values["model"] or values["fakes"]).resolve().name
    check_writable("output", output)
    for name in ("metrics.jsonl", "metrics.md", "report.html"):
        check_regular("output", output / name)
    return output


def _files(values, sets):
    from tfgan_zoo.evaluation import sets as kinds
    from tfgan_zoo.evaluation.session import FilesSession

    fakes, reals = sets["fakes"], sets.get("reals")
    chosen = _choose(values, values["metrics"] or _FOR_FILES, fakes.shape)
    reference = given = kinds.FilesReference(reals) if reals else None
    if given is None and all(protocol.extractor == "fashion_cnn" for protocol in chosen.values()):
        reference = kinds.Fashion()
    return FilesSession(fakes, given, _evaluator(values, chosen, fakes.shape, reference, None))


def _model(values, sets):
    from tfgan_zoo.evaluation.session import ModelSession

    source, checkpoints = values["model"], _checkpoints(values)
    load = functools.lru_cache(maxsize=1)(functools.partial(loading.load, source))
    model = load(checkpoints[0])
    origin = loading.origin(source)
    named = values["dataset"] or origin.get("dataset")
    names = values["metrics"] or protocols.defaults(named, model.image_shape, model.num_classes)
    chosen = _choose(values, names, model.image_shape, model.num_classes)
    left_out = LeftOut()
    # What the user names is measured or refused; what nobody named is measured where that can be.
    leave_out = None if values["metrics"] else left_out
    seen = _is_seen(values, origin)
    chosen = _without_memories(values, origin, chosen, seen, leave_out)
    reference = _reference_if_needed(values, sets, model, origin, chosen, left_out)
    evaluator = _evaluator(values, chosen, model.image_shape, reference, origin.get("dataset"), leave_out)
    if not evaluator.protocols and not values["report"]:
        raise ValueError(f"model={source}: no metric can be measured; {left_out}; name others with --metrics")
    return ModelSession(
        source,
        load,
        checkpoints,
        evaluator,
        reference,
        values["runs"],
        values["seed"],
        values["batch_size"],
        seen=seen,
        left_out=left_out.reasons,
        rows=loading.records(source) if values["report"] else (),
    )


class LeftOut:
    """Says once of each thing that nobody asked for by name why it is left out.

    Attributes:
        reasons: {a metric's name, or a part of the report: why}.
    """

    def __init__(self):
        self.reasons = {}

    def __call__(self, name, reason):
        if name not in self.reasons:
            self.reasons[name] = reason.removeprefix(f"metrics={name} ")
            print(f"left out  {name}: {self.reasons[name]}", file=sys.stderr)

    def __str__(self):
        return "; ".join(f"{name}: {reason}" for name, reason in self.reasons.items())


def _is_seen(values, origin):
    """Returns whether the model was trained on the reals' data set; None if it is not known on which it was."""
    trained_on = origin.get("dataset")
    if values["reals"] is not None:
        return False
    if trained_on is None:
        return None
    return values["dataset"] is None or _is_same(values["dataset"], origin)


def _without_memories(values, origin, chosen, seen, leave_out):
    """Returns the metrics without those about the images that trained the model, if the reals are others.

    Raises:
        ValueError: instead, if `leave_out` is None, since the user named them.
    """
    if seen or (values["reals"] is not None and leave_out is None):  # the last has a refusal of its own
        return chosen
    trained_on = origin.get("dataset")
    reason = f"it is about the training images, and model={values['model']} was trained on {trained_on}"
    if trained_on is None:
        reason = f"it is about the training images, and it is not known on which model={values['model']} was trained"
    kept = {}
    for name, protocol in chosen.items():
        if protocol.reference != "both" or (trained_on is None and leave_out is None):  # the user says which they are
            kept[name] = protocol
        elif leave_out is None:
            raise ValueError(f"dataset={values['dataset']}: metrics={name}: {reason}")
        else:
            leave_out(name, reason)
    return kept


def _reference_if_needed(values, sets, model, origin, chosen, left_out):
    """Returns the reals that metrics or the report compare with; None if none are needed, or known, or to be had."""
    metrics = any(protocol.reference in protocols.OWN_DATA for protocol in chosen.values())
    if not (metrics or values["report"] or values["dataset"] is not None):
        return None
    try:
        return _reference(values, sets, model, origin)
    except ValueError as error:
        named = values["metrics"] and metrics
        if named or values["dataset"] is not None or values["reals"] is not None:
            raise
        left_out("what compares with the data set", str(error))
        return None


def _is_same(name, origin):
    """Returns whether a name is of the data set that a model was trained on, be it of a folder that was moved."""
    trained_on = origin.get("dataset")
    if trained_on is None or name == trained_on:
        return name == trained_on
    if not pathlib.Path(name).exists():
        return False
    if pathlib.Path(name).resolve() == pathlib.Path(trained_on).resolve():
        return True
    key, reading = origin.get("key"), _reading_of(origin)
    if key is None:
        return False
    return catalogue.key(name, (*image_sizes.sides(origin["image_size"]), origin["channels"]), reading) == key


def _reference(values, sets, model, origin):
    """Returns the reals that fakes are held against; None if they are not known."""
    from tfgan_zoo import data as datasets
    from tfgan_zoo.evaluation import sets as kinds

    shape = tuple(model.image_shape)
    if "reals" in sets:
        reals = sets["reals"]
        if shape[2:] == (transparency.CHANNELS,) != reals.shape[2:]:  # it was not known before
            reals = ImageFiles("reals", values["reals"], _reading_of(origin), shape[2])
        if reals.shape != shape:
            raise ValueError(f"reals={values['reals']} has images of {reals.shape}, not {shape}")
        return kinds.FilesReference(reals)
    dataset = values["dataset"] or origin.get("dataset")
    if dataset is None:
        return None
    size = {} if len(shape) == 1 else {"image_size": image_sizes.of(shape), "channels": shape[2]}
    own = values["dataset"] is None or _is_same(values["dataset"], origin)
    arguments = {name: value for name, value in origin.items() if name != "dataset"} if own else {}
    arguments |= size | ({"data_dir": values["data_dir"]} if values["data_dir"] else {})
    data = datasets.load(dataset, **arguments)
    if tuple(data.shape) != shape:
        raise ValueError(f"dataset={dataset} holds {tuple(data.shape)}, and model={values['model']} makes {shape}")
    return kinds.DataReference(data)


def _evaluator(values, chosen, shape, reference, trained_on, leave_out=None):
    from tqdm import tqdm

    from tfgan_zoo.evaluation.evaluator import Evaluator

    def bar(what, total):
        interval = 0.2 if sys.stderr.isatty() else 10
        return tqdm(total=total, desc=what, unit=" images", dynamic_ncols=True, leave=False, mininterval=interval)

    return Evaluator(chosen, shape, reference, trained_on, values["inception"], values["extractor"], bar, leave_out)
