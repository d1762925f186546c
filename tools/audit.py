"""Looks for known faults in what we install (pip-audit) and for risky calls in what we wrote (bandit).

    .venv/bin/python tools/audit.py

A tool that is not installed, or a data base that cannot be reached, is a line and no failure: `make lint` works without
a network. A risky call is a failure, unless it is in `ACCEPTED` with the reason why it does no harm.
"""

import importlib.util
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
ACCEPTED = {  # {(test of bandit, file or folder) or the identifier of an advisory: why it does no harm}
    ("B310", "tfgan_zoo/data/tfds_probe.py"): "asks whether a host of TFDS answers; reads nothing",
    (
        "B404",
        "tfgan_zoo/serving/web_fetch.py",
    ): "runs npm on a pinned package, whose checksum is known",
    ("B603", "tfgan_zoo/serving/web_fetch.py"): "runs npm, without a shell, on words of ours",
    ("B403", "tools/convert_lite0.py"): "its unpickler finds the classes that it names, and no others",
    ("B404", "tools"): "a developer's tool, which runs our own scripts or a named one",
    ("B603", "tools"): "a developer's tool, which runs our own scripts or a named one, without a shell",
}


def main():
    """Prints a line for each finding; returns 1 if a risky call is not accepted, else 0.

    A fault that became known of a package is printed and is no failure: else a day without a change would break tests.
    """
    risky = list(_risky_calls())
    for key, line in (*risky, *_known_faults()):
        reason = _accepted(key)
        print(f"{line}\n    accepted: {reason}" if reason else line)
    return int(not all(_accepted(key) for key, _ in risky))


def _accepted(key):
    """Returns why a finding does no harm, by its own key or that of a folder it is in; None if it is not accepted."""
    if isinstance(key, str):
        return ACCEPTED.get(key)
    test, path = key
    places = (path, *map(str, pathlib.PurePosixPath(path).parents))
    return next((ACCEPTED[test, place] for place in places if (test, place) in ACCEPTED), None)


def _risky_calls():
    for it in _run("bandit", "-q", "-r", "tfgan_zoo", "tools", "-f", "json").get("results", ()):
        path = pathlib.PurePath(it["filename"]).as_posix()
        yield (it["test_id"], path), f"{path}:{it['line_number']}: {it['test_id']} {it['issue_text']}"


def _known_faults():
    report = _run("pip_audit", "-r", "constraints.txt", "--no-deps", "--disable-pip", "-f", "json", "--timeout", "10")
    packages = report.get("dependencies", ())
    skipped = [it for it in packages if "skip_reason" in it]
    if skipped:
        print(f"pip-audit: its data base knows {len(packages) - len(skipped)} of {len(packages)} packages here")
    for it in packages:
        for fault in it.get("vulns", ()):
            mended = ", ".join(fault["fix_versions"]) or "none yet"
            yield fault["id"], f"{it['name']} {it['version']}: {fault['id']}, mended in {mended}"


def _run(module, *arguments):
    """Returns what a tool reports as JSON; {} and a line if it reports nothing."""
    if importlib.util.find_spec(module) is None:
        print(f"{module} is not installed: pip install 'tfgan-zoo[audit]'")
        return {}
    try:
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        print(f"{module}: no answer within 300 s")
    except ValueError:
        print(f"{module}: no report ({' '.join(done.stderr.split())[-200:]})")
    return {}


if __name__ == "__main__":
    sys.exit(main())
