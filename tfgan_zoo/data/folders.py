"""A folder or a zip file of pictures as a data set: surveyed, decoded and checked before TensorFlow starts."""

import concurrent.futures
import contextlib
import dataclasses
import hashlib
import os
import statistics

from tfgan_zoo import image_sizes
from tfgan_zoo.data import cache, catalogue, decode, files, formats

_AT_ONCE = 256  # pictures in memory


@dataclasses.dataclass(frozen=True)
class Survey:
    """What is known of a folder before its pictures are decoded.

    Attributes:
        contents: str, a hash of all names and bytes.
        num: int, how many picture files there are.
        unread: tuple of [name, reason], those whose headers cannot be read.
        narrowest, lowest: [name, width, height] of the picture with the least width, and of that with the least height;
            None if no header can be read.
        side: the median of the pictures' shorter sides, in pixels; None if no header can be read.
        grey: bool, whether all of them are grey.
        deep: int, how many `deep.is_deep` is about.
        profiles: int, how many have a colour profile that is to be applied.
        broken_profiles: int, how many have one that is broken, and is ignored.
        transparent: int, how many may be transparent somewhere.
    """

    contents: str
    num: int
    unread: tuple
    narrowest: list | None
    lowest: list | None
    side: float | None
    grey: bool
    deep: int
    profiles: int
    broken_profiles: int
    transparent: int

    def changes(self, reading, size):
        """Returns what is done to these pictures that was not done to any at first: words that their key holds."""
        words = ["all bits"] * (self.deep > 0) + ["sRGB"] * (self.profiles > 0 and not reading.no_icc)
        words += [] if reading.resize == "crop" else [reading.resize]
        if (self.transparent or reading.resize == "pad") and reading.background != decode.USUAL.background:
            words.append(f"on {reading.background}")
        whole = dataclasses.replace(reading, resize="crop")
        enlarged = reading.min_size == "enlarge" and any(decode.is_smaller(it[1:], size, whole) for it in self.least())
        return [*words, "enlarged"] if enlarged else words

    def least(self):
        """Returns `narrowest` and `lowest`, the one with the shorter side first; none if no header can be read."""
        return sorted(filter(None, (self.narrowest, self.lowest)), key=lambda it: min(it[1:]))

    def on_profiles(self, reading):
        """Returns what becomes of the colour profiles, as the end of a description; "" where there are none."""
        done = "left out, as no_icc says" if reading.no_icc else "applied"
        said = [f"{self.profiles} colour profiles are {done}"] * (self.profiles > 0)
        said += [f"{self.broken_profiles} colour profiles are broken and ignored"] * (self.broken_profiles > 0)
        return f" {', '.join(said)}." if said else ""


def survey(path):
    """Reads all files of a folder or zip file once; the next time, if no name, size or time has changed, none.

    Raises:
        ValueError: in one line, if there is no picture file.
    """
    with files.scan(path) as found:
        return _survey(path, found)


def shape(path, image_size, channels, sizes):
    """Returns the shape of the training images: (H, W, C).

    Args:
        path: str, a folder or zip file.
        image_size: int, pixels a side, or (height, width); None is the largest of `sizes`, of squares, that is not
            above the median shorter side, or the smallest.
        channels: int, 1, 3, or 4 for RGBA; None is 1 if all pictures are grey, else 3.
        sizes: tuple of int, the image sizes from which the default is taken.

    Raises:
        ValueError: in one line, if that cannot be.
    """
    if channels not in (None, 1, 3, 4):
        raise ValueError(f"channels={channels} must be 1 (grey), 3 (RGB) or 4 (RGBA)")
    if image_size is not None and min(image_sizes.sides(image_size)) < 1:
        raise ValueError(f"image_size={image_sizes.shown(image_size)} must be at least 1")
    about = survey(path)
    if about.side is None:
        raise ValueError(f"dataset={path}: none of its {about.num} picture files can be read")
    size = image_size or max((size for size in sizes if size <= about.side), default=min(sizes))
    return (*image_sizes.sides(size), channels or (1 if about.grey else 3))


def key(path, shape, reading=decode.USUAL):
    """Returns the key of a folder's decoded images: a hash of its contents and of how they are decoded."""
    return _key(survey(path), shape, reading)


def _key(about, shape, reading):
    return cache.digest(cache.FORMAT, about.contents, list(shape), *about.changes(reading, image_sizes.of(shape)))


def look_over(path, shape, bad_images, labels, reading=decode.USUAL):
    """Finds what `prepare` would refuse, as far as the files' names and headers tell; no picture is decoded.

    Args:
        path, shape, bad_images: as `prepare` takes them.
        labels: bool, whether there must be class folders.
        reading: a `decode.Reading`.

    Raises:
        ValueError: in one line that names the file.
    """
    with files.scan(path) as found:
        about = _survey(path, found)
        bad = [*found.problems, *about.unread]
        size = image_sizes.of(shape)
        small = [it for it in about.least() if decode.is_smaller(it[1:], size, reading)]
        bad += [(name, decode.too_small(sides, size)) for name, *sides in small[:1] if reading.min_size == "error"]
        if bad and bad_images == "error":
            raise _bad(path, *bad[0], others=len(bad) - 1)
        if labels and not files.labelled(found, found.names)[0]:
            raise ValueError(f"conditional=True: {catalogue.no_labels(path)}")
        _check_count(path, about.num - len(about.unread))


def prepare(path, shape, bad_images="error", key=None, reading=decode.USUAL):
    """Decodes a folder's pictures into the cache, if they are not there yet.

    They are kept in the order of the SHA-256 of their names, which mixes classes and does not change when a picture is
    added; the last tenth of this order is held out.

    Args:
        path: str, a folder or zip file.
        shape: (H, W, C).
        bad_images: str, "error" stops at the first file that cannot be used; "skip" leaves such files out.
        key: str, what `key` returned before; None takes any contents.
        reading: a `decode.Reading`.

    Returns:
        A `cache.Cache`; its `about` has the fields of the `Survey`.

    Raises:
        ValueError: in one line that names the file; or if fewer than two pictures are left, or the contents are not
            those of `key`.
    """
    with files.scan(path) as found:
        about = _survey(path, found)
        where = _key(about, shape, reading)
        if key not in (None, where):
            raise ValueError(f"dataset={path}: {_otherwise(about, shape, key)}; begin a new run")
        kept = cache.find(where)
        if kept is None:
            kept = _decode(path, found, about, shape, bad_images, where, reading)
    stop = [it for it in kept.bad if _stops(it[1], bad_images, reading)]
    if stop:
        raise _bad(path, *stop[0], others=len(stop) - 1)
    _check_count(path, len(kept))
    return kept


def _stops(problem, bad_images, reading):
    """Returns whether a file that cannot be used is an error, and not left out."""
    return bad_images == "error" and not (reading.min_size == "skip" and decode.is_too_small(problem))


def _check_count(path, count):
    if count < 2:
        raise ValueError(
            f"dataset={path} has {count} usable image(s); at least 2 are needed: one to train on, one to hold out"
        )


def _otherwise(about, shape, key):
    """Returns why the pictures are not those of a key."""
    if key == cache.digest(cache.FORMAT, about.contents, list(shape)):
        return "the run was begun by a version that kept 8 of 16 bits and ignored colour profiles"
    return "its pictures have changed since the run was begun"


def heldout(num):
    """Returns how many of `num` images are held out: a tenth, at least one."""
    return max(1, num // 10)


def _survey(path, found):
    if not found.names:
        reason = "; ".join(f"{files.shown(name)} {reason}" for name, reason in found.problems[:1])
        kinds = ", ".join(suffix.removeprefix(".") for suffix in formats.suffixes())
        others = f"passed over: {files.passed_over(found.others)}" if found.others else kinds
        raise ValueError(f"dataset={path} holds no picture ({reason or others})")
    stamp = cache.digest(cache.FORMAT, found.stamp)
    known = cache.recall(f"survey-{stamp}")
    with contextlib.suppress(TypeError):  # of another version
        return Survey(**known)
    contents, looks, unread = hashlib.sha256(), [], []
    least = [None, None]  # in width, in height
    for name, (content_hash, look, problem) in _each(found, range(len(found.names)), _examine, "reading"):
        contents.update(f"{name!a} {content_hash}\n".encode())
        if look is None:
            unread.append([name, problem])
            continue
        looks.append(look)
        least = [[name, *look.size] if it is None or look.size[i] < it[1 + i] else it for i, it in enumerate(least)]
    for problem in (*found.unread, *((name, files.EMPTY) for name, _ in found.empty)):
        contents.update(f"{problem!a}\n".encode())
    if found.labels is not None:
        contents.update(f"{files.LABELS} {sorted(found.labels.items())!a}\n".encode())
    verdicts = [look.profile for look in looks]
    about = Survey(
        contents=contents.hexdigest(),
        num=len(found.names),
        unread=unread,
        narrowest=least[0],
        lowest=least[1],
        side=statistics.median(min(look.size) for look in looks) if looks else None,
        grey=all(look.grey for look in looks),
        deep=sum(look.deep for look in looks),
        profiles=verdicts.count("apply"),
        broken_profiles=verdicts.count("broken"),
        transparent=sum(look.transparent for look in looks),
    )
    cache.remember(f"survey-{stamp}", dataclasses.asdict(about))
    return about


def _examine(content, problem):
    """Returns (hash, `decode.Look`, what is wrong) of a file; one of the latter two is None."""
    if content is None:
        return problem, None, problem
    try:
        look, problem = decode.look(content), None
    except decode.BadImage as error:
        look, problem = None, str(error)
    return hashlib.sha256(content).hexdigest(), look, problem


def _decode(path, found, about, shape, bad_images, where, reading):
    size, channels = image_sizes.of(shape), shape[2]
    order = sorted(range(len(found.names)), key=lambda i: hashlib.sha256(ascii(found.names[i]).encode()).digest())
    bad, names = [list(problem) for problem in found.problems], []
    if bad and bad_images == "error":
        raise _bad(path, *bad[0], others=len(bad) - 1)

    def convert(content, problem):
        if content is None:
            return None, problem
        try:
            return decode.decode(content, size, channels, reading), None
        except decode.BadImage as error:
            return None, str(error)

    def items():
        for name, (pixels, problem) in _each(found, order, convert, "decoding"):
            if pixels is not None:
                names.append(name)
                yield pixels
            elif _stops(problem, bad_images, reading):
                raise _bad(path, name, problem)
            else:
                bad.append([name, problem])

    def finish():
        label_names, labels = files.labelled(found, names)
        label_names, left_out = [files.shown(name) for name in label_names], [*bad, *files.emptied(found, names)]
        return {"labels": labels, "label_names": label_names, "bad": left_out, "about": dataclasses.asdict(about)}

    return cache.write(where, shape, items(), finish)


def _each(found, order, work, what):
    """Yields (name, work(content, problem)) of files, some of them at once, in order; unread files have no content."""

    def one(index):
        try:
            content, problem = found.read(index), None
        except Exception as error:  # of the disk, or what a damaged zip member makes its decompressor raise
            reason = getattr(error, "strerror", None) or " ".join(str(error).split())[:100]
            content, problem = None, reason if reason.startswith(("is ", "has ")) else f"cannot be read ({reason})"
        return found.names[index], work(content, problem)

    def results():
        with decode.quietly(), concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for start in range(0, len(order), _AT_ONCE):
                yield from pool.map(one, order[start : start + _AT_ONCE])

    return cache.progress(results(), len(order), what)


def _bad(path, name, problem, others=0):
    more = f" (and {others} more)" if others else ""
    return ValueError(
        f"dataset={path}: {files.shown(name)} {problem}{more}; mend or remove it, or leave such files out with"
        " --bad_images=skip"
    )
