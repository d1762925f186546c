"""TensorFlow's errors as a sentence: every shape in which it says the names of its nodes."""

import pytest
import tensorflow as tf

from tfgan_zoo.tensorflow_errors import sentence

SAID = "assertion failed: [labels must be in [0, 2]:] [0 9]"
DETECTED = "Detected at node {} defined at (most recent call last):\n<stack traces unavailable>\n"
TRACED = (
    "Detected at node 'Assert_8' defined at (most recent call last):\n    File \"/a b/x.py\", line 3, in <module>\n"
)


@pytest.mark.parametrize(
    "text",
    [
        SAID,
        f"{SAID}\n\t [[{{{{node Assert_8}}}}]]",
        f"{SAID}\n\t [[{{{{function_node __inference_checked_2}}}}{{{{node Assert_8}}}}]] [Op:__inference_<lambda>_3]",
        f"{{{{function_node __wrapped__Assert_T_2_device_/job:localhost/device:CPU:0}}}} {SAID} [Op:Assert]",
        f"{{{{function_node __inference_<lambda>_36}}}} {SAID}\n\t [[{{{{node Assert_8}}}}]]",
        f"Graph execution error:\n\n{SAID}\n\t [[{{{{node Assert_8}}}}]]",
        f"Graph execution error:\n\n{DETECTED.format('Assert_8')}{SAID}\n\t [[{{{{node Assert_8}}}}]] [Op:a]",
        f"Graph execution error:\n\n{DETECTED.format('Assert_5')}\n{DETECTED.format('Assert_8')}{SAID}",
        f"Graph execution error:\n\n{TRACED}Node: 'Assert_8'\n{SAID}\n\t [[{{{{node Assert_8}}}}]]",
        f"2 root error(s) found.\n  (0) INVALID_ARGUMENT:  {SAID}\n\t [[{{{{node Assert_8}}}}]]\n\t [[images/_7]]\n"
        f"  (1) INVALID_ARGUMENT:  {SAID}\n\t [[{{{{node Assert_8}}}}]]\n0 successful operations.\n"
        "0 derived errors ignored.",
        f"{SAID}\n\t [[{{{{node Asse",
    ],
)
def test_one_sentence_is_left(text):
    assert sentence(text) == SAID


def test_several_errors_are_each_said():
    text = "2 root error(s) found.\n  (0) Invalid argument: one\n\t [[{{node A}}]]\n  (1) Invalid argument: two\n"
    assert sentence(text) == "one; two"


@pytest.mark.parametrize("text", ["[[1 2][3 4]] is wrong", "a {brace} and [[x]]", "f(0) INVALID: a (1) b: c"])
def test_what_is_no_node_stays(text):
    assert sentence(text) == text


@pytest.mark.parametrize("inside", [False, True])
def test_what_tensorflow_says_itself(inside):
    def fail():
        tf.raw_ops.Assert(condition=False, data=["the sentence", tf.constant([[1, 2], [3, 4]])], summarize=8)

    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        tf.function(fail, autograph=False)() if inside else fail()
    assert sentence(caught.value) == "assertion failed: [the sentence] [[1 2][3 4]]"
