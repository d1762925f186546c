"""The files of docs/scaling: their shells parse, their flags resolve, and each pod of the Job learns who it is."""

import os
import pathlib
import shlex
import subprocess

import pytest

from tfgan_zoo.settings.resolve import resolve
from tfgan_zoo.training import cluster

yaml = pytest.importorskip("yaml")
FOLDER = pathlib.Path(__file__).resolve().parent.parent / "docs" / "scaling"


def job():
    documents = list(yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text()))
    service, found = documents
    assert (service["kind"], found["kind"]) == ("Service", "Job")
    assert found["spec"]["template"]["spec"]["subdomain"] == service["metadata"]["name"]
    return found


def shell(name):
    if name == "kubernetes.yaml":
        return job()["spec"]["template"]["spec"]["containers"][0]["args"][0]
    return (FOLDER / name).read_text().replace("\\\n", " ")


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir()))
def test_the_flags_of_a_file_resolve(name):
    text = shell(name)
    subprocess.run(["bash", "-n"], input=text, text=True, check=True)
    words = shlex.split(text[text.index("python train.py") :], comments=True)
    flags = dict(word.removeprefix("--").split("=") for word in words if word.startswith("--"))
    del flags["run_dir"]
    numbers = {key: int(value) for key, value in flags.items() if value.isdecimal()}
    config = resolve(**flags | numbers)
    assert (config.strategy == "multiworker") == (name != "two_gpus.sh") and (config.devices == 2) == (
        name == "two_gpus.sh"
    )
    assert config.batch_size % 2 == 0


@pytest.mark.parametrize("index", [0, 1])
def test_a_pod_of_the_job_knows_its_place(index):
    text, _, _ = shell("kubernetes.yaml").partition("exec python")
    environment = os.environ | {"JOB_COMPLETION_INDEX": str(index)}
    script = f'{text} printf %s "$TF_CONFIG"'
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    found = cluster.cluster({"TF_CONFIG": done.stdout})
    assert found.index == index and len(found.addresses) == job()["spec"]["completions"]


def test_the_batch_job_has_a_worker_a_node():
    lines = [line.split()[1] for line in shell("slurm.sbatch").splitlines() if line.startswith("#SBATCH")]
    asked = dict(line.removeprefix("--").split("=") for line in lines if "=" in line)
    assert (asked["nodes"], asked["ntasks-per-node"], asked["gpus-per-task"]) == ("2", "1", "1")
