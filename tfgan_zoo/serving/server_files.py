"""The files that TensorFlow Serving is started with, for one exported model."""

import pathlib
import shlex
from collections.abc import Sequence

from tfgan_zoo.files import PathLike
from tfgan_zoo.serving import addresses

IMAGE = "tensorflow/serving:2.19.1"
_BATCH_SIZES = (1, 4, 16, 64)

_MODEL = """model_config_list {{
  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
  }}
}}
"""

# The server waits this long for a batch to fill, and pads it to one of the sizes that were warmed up.
_BATCHING = """max_batch_size {{ value: {largest} }}
batch_timeout_micros {{ value: 2000 }}
max_enqueued_batches {{ value: 64 }}
num_batch_threads {{ value: 2 }}
{sizes}
"""

_MONITORING = """prometheus_config {
  enable: true
  path: "/monitoring/prometheus/metrics"
}
"""

_COMPOSE = """services:
  serving:
    image: {image}
    ports:
      - "8500:8500"  # gRPC
      - "8501:8501"  # REST
    volumes:
      - ../{name}:/models/{name}:ro
      - .:/serving:ro
    command:
      - --model_config_file=/serving/model.config
      - --enable_batching=true
      - --batching_parameters_file=/serving/batching.config
      - --monitoring_config_file=/serving/monitoring.config
"""


def batch_sizes(max_batch: int) -> tuple[int, ...]:
    """Returns the batch sizes that the server pads to and the warm-up requests have, for an export's `max_batch`.

    >>> batch_sizes(256), batch_sizes(8)
    ((1, 4, 16, 64), (1, 4, 8))
    """
    largest = min(max_batch, _BATCH_SIZES[-1])
    return (*(size for size in _BATCH_SIZES if size < largest), largest)


def folder_of(folder: PathLike) -> pathlib.Path:
    """Returns the folder of the files for the model in `folder`.

    Raises:
        ValueError: if the folder's name cannot be a served model's.

    >>> folder_of("/exports/clothes").as_posix()
    '/exports/clothes.serving'
    """
    return pathlib.Path(folder).resolve().with_name(addresses.served_name(folder) + ".serving")


def write_server_files(folder: PathLike, sizes: Sequence[int]) -> pathlib.Path:
    """Writes model.config, batching.config, monitoring.config and compose.yaml for an exported model.

    They go to `<folder>.serving`, beside the model's folder: what the server watches holds versions alone.

    Args:
        folder: the model's folder, as `export` made it; its name is the model's.
        sizes: ints, ascending, what batches are padded to: the sizes that the export's warm-up requests have.

    Returns:
        The path of the new folder. What was in it under these names is replaced.

    Raises:
        ValueError: if the folder's name cannot be a served model's.
        OSError: if it cannot be written.

    >>> import tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp()) / "clothes"  # the folder that `export` made
    >>> sorted(path.name for path in write_server_files(folder, batch_sizes(256)).iterdir())
    ['batching.config', 'compose.yaml', 'model.config', 'monitoring.config']
    """
    name, target = addresses.served_name(folder), folder_of(folder)
    target.mkdir(exist_ok=True)
    allowed = "\n".join(f"allowed_batch_sizes: {size}" for size in sizes)
    texts = {
        "model.config": _MODEL.format(name=name),
        "batching.config": _BATCHING.format(largest=max(sizes), sizes=allowed),
        "monitoring.config": _MONITORING,
        "compose.yaml": _COMPOSE.format(image=IMAGE, name=name),
    }
    for file, text in texts.items():
        (target / file).write_text(text)
    return target


def docker_line(folder: PathLike) -> str:
    """Returns the command that serves an exported model without any of these files."""
    name, folder = addresses.served_name(folder), pathlib.Path(folder).resolve()
    mount = shlex.quote(f"{folder}:/models/{name}:ro")
    return f"docker run --rm -p 8500:8500 -p 8501:8501 -v {mount} -e MODEL_NAME={name} {IMAGE}"
