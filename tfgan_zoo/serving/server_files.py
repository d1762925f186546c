"""The files that TensorFlow Serving is started with, for one exported model."""

import pathlib
import shlex

IMAGE = "tensorflow/serving:2.19.1"
BATCH_SIZES = (1, 4, 16, 64)

_MODELS = """model_config_list {{
  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
  }}
}}
"""

# The server waits this long for a batch to fill; every batch is padded to one of the sizes that were warmed up.
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
      - {model}:/models/{name}:ro
      - .:/serving:ro
    command:
      - --model_config_file=/serving/models.config
      - --enable_batching=true
      - --batching_parameters_file=/serving/batching.config
      - --monitoring_config_file=/serving/monitoring.config
"""


def write_server_files(folder):
    """Writes models.config, batching.config, monitoring.config and compose.yaml for an exported model.

    They go to `<folder>.serving`, beside the model's folder: what the server watches holds versions alone. The
    allowed batch sizes are those that `BATCH_SIZES` warms up.

    Args:
        folder: the model's folder, as `export` made it; its name is the model's.

    Returns:
        The path of the new folder. What was in it under these names is replaced.

    Raises:
        OSError: if it cannot be written.
    """
    folder = pathlib.Path(folder).resolve()
    target = folder.with_name(folder.name + ".serving")
    target.mkdir(exist_ok=True)
    sizes = "\n".join(f"allowed_batch_sizes: {size}" for size in BATCH_SIZES)
    texts = {
        "models.config": _MODELS.format(name=folder.name),
        "batching.config": _BATCHING.format(largest=max(BATCH_SIZES), sizes=sizes),
        "monitoring.config": _MONITORING,
        "compose.yaml": _COMPOSE.format(image=IMAGE, name=folder.name, model=f"../{folder.name}"),
    }
    for name, text in texts.items():
        (target / name).write_text(text)
    return target


def docker_line(folder):
    """Returns the command that serves an exported model without any of these files."""
    folder = pathlib.Path(folder).resolve()
    mount = shlex.quote(f"{folder}:/models/{folder.name}:ro")
    return f"docker run --rm -p 8500:8500 -p 8501:8501 -v {mount} -e MODEL_NAME={shlex.quote(folder.name)} {IMAGE}"
