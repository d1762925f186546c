"""Puts small faults into the code, one at a time, and shows which tests catch them.

    git worktree add ../faults && cd ../faults
    python tools/seeded_faults.py            # all; a table, and exit status 1 if one stays unseen
    python tools/seeded_faults.py 3 7        # some

It changes files of the checkout that it stands in and puts them back: give it one of its own.
"""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONTRACT = "tests/test_contract.py"
PENALTIES = "tests/core/test_penalties.py"

# (file, what it says, what it says then, the tests that should fail)
FAULTS = (
    (
        "core/gan.py",
        "self.step.assign_add(1)\n        return logs",
        "return logs",
        f"{CONTRACT} -k test_method and gan",
    ),
    (
        "core/gan.py",
        "shared = share(loss)\n        gradients",
        "shared = loss\n        gradients",
        f"{CONTRACT} -k test_replicas and gan",
    ),
    ("core/gan.py", "loss += self.weight_of(penalty) * term", "loss += term", f"{PENALTIES} -k add_up"),
    (
        "core/gan.py",
        "else one + other for one, other",
        "else one - other for one, other",
        f"{PENALTIES} -k moves_the_generator",
    ),
    (
        "core/gan.py",
        "if self.adversarial_loss.needs_reals else None",
        "if True else None",
        f"{PENALTIES} -k only_where_the_loss_asks",
    ),
    (
        "core/saving.py",
        "for name, state in self.states.items():\n            state.assign",
        "for name, state in list(self.states.items())[:1]:\n            state.assign",
        f"{PENALTIES} -k saved_with",
    ),
    (
        "core/weights.py",
        "zip(average.weights, network.weights",
        "zip(average.trainable_weights, network.trainable_weights",
        "tests/core/test_gan.py -k moving_statistics",
    ),
    (
        "core/augmenter.py",
        "count == overfitting.INTERVAL - 1",
        "count == 0",
        "tests/core/test_ada.py -k p_follows or moves",
    ),
    (
        "core/fit_data.py",
        "drop_remainder=True).map(transposed)",
        "drop_remainder=True)",
        "tests/core/test_gan.py -k rows_first",
    ),
    (
        "core/stepping.py",
        "self.step.value % penalty.every == 0",
        "self.step.value % penalty.every == 1",
        f"{PENALTIES} -k interval",
    ),
    (
        "core/stepping.py",
        "self._host_step % penalty.every == 0",
        "self._host_step % penalty.every == 1",
        "tests/core/test_replicas.py -k third",
    ),
    (
        "objectives/penalties/__init__.py",
        "return self.every * self.term",
        "return self.term",
        f"{PENALTIES} -k interval",
    ),
    ("objectives/penalties/lecam.py", "mean = replica_mean(", "mean = (", "tests/core/test_replicas.py -k lecam"),
    (
        "objectives/losses/relativistic.py",
        "as_float32(fake_logits) - as_float32(real_logits)",
        "as_float32(real_logits) - as_float32(fake_logits)",
        "tests/objectives/test_losses.py -k relativistic",
    ),
    (
        "objectives/losses/hinge.py",
        "1.0 + fake_logits",
        "1.0 - fake_logits",
        "tests/objectives/test_losses.py -k hinge",
    ),
    ("methods/brc/brc.py", "        assign(state, kept)\n", "", "tests/methods/brc -k bitwise_the_same"),
    ("methods/ces/ces.py", "power_iteration(other)", "pass", "tests/methods/ces -k power_iteration"),
    ("methods/particle/particle.py", "        self._remember(before)\n", "", "tests/methods/particle -k proximal"),
    (
        "methods/express/express.py",
        "self.current_phase = int(np.sum(step >= self._host_begins))",
        "self.current_phase = 0",
        f"{CONTRACT} -k test_method and express",
    ),
    (
        "settings/resolve.py",
        "_implied_by(choice, values, options)) | more | _with_numbers(words)",
        "_implied_by(choice, values, options)) | more",
        "tests/settings -k later_tables_win or what_the_user_says",
    ),
    ("settings/config.py", "if not known.settled}", "}", "tests/settings -k digest"),
    ("registry.py", "if name in found:", "if False:", "tests/test_plugin.py -k wrong"),
    (
        "core/former.py",
        "for name in STATES if name in had or name in ALWAYS",
        "for name in STATES if name in had",
        "tests/training/test_former_runs.py -k reordered",
    ),
    (
        "layers/perturbation.py",
        "if training and self.perturb > 0",
        "if self.perturb > 0",
        "tests/layers/test_perturbation.py",
    ),
    ("random.py", "first_row, tf.int64) * tf.cast(groups", "first_row, tf.int64) * tf.cast(1", "tests/test_random.py"),
)


def outdated():
    """Returns the faults whose text is no longer in the code, (file, text)."""
    return [(file, old) for file, old, *_ in FAULTS if old not in (ROOT / "tfgan_zoo" / file).read_text()]


def caught(fault):
    """Returns whether the tests fail with a fault in its place."""
    file, old, new, tests = fault
    path = ROOT / "tfgan_zoo" / file
    text = path.read_text()
    words, _, selection = tests.partition(" -k ")
    options = ["-k", selection] if selection else []
    path.write_text(text.replace(old, new, 1))
    try:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-m", "not slow"]
        command += [words, *options]
        status = subprocess.run(command, cwd=ROOT, capture_output=True).returncode
        if status not in (0, 1):  # pytest's words for "all passed" and "some failed"
            raise SystemExit(f"{' '.join(command[2:])}: pytest ended with {status}")
        return status == 1
    finally:
        path.write_text(text)


def main():
    for file, old in outdated():
        raise SystemExit(f"{file}: {old!r} is no longer there")
    chosen = [FAULTS[int(number)] for number in sys.argv[1:]] or FAULTS
    unseen = 0
    for fault in chosen:
        seen = caught(fault)
        unseen += not seen
        print(f"{'caught' if seen else 'UNSEEN':<8}{fault[0]:<36}{fault[1][:40]!r:<44}{fault[3]}", flush=True)
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
