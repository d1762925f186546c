"""What TensorFlow says of an error, without what it says of its graph. No TensorFlow here."""

import re

_NODE = r"\{\{[^{}]*\}\}"  # {{node Assert_8}}, {{function_node __inference_checked_2602}}
# What stands around the sentence. Brackets of values, "[[1 2][3 4]]", are none of it.
_AROUND = re.compile(
    "|".join(
        (
            r"Graph execution error:",
            r"Detected at node .*? defined at \(most recent call last\):(?: File \"[^\"]*\", line \d+, in \S+)*",
            r"<stack traces unavailable>",
            r"Node: '[^']*'",
            rf"\[\[(?:{_NODE})+\]\]",
            r"\[\[[\w./<>-]+/_\d+\]\]",  # an edge between two devices
            r"\[\[\{\{.*$",  # a node that a server's limit of characters has cut
            _NODE,
            r"\[Op:[^\]]*\]",
            r"\d+ root error\(s\) found\.",
            r"\d+ (?:successful operations|derived errors ignored)\.",
        )
    )
)
_NUMBERED = re.compile(r"\(\d+\) [A-Za-z_ ]+: ")  # of several root errors: "(0) INVALID_ARGUMENT: ..."


def sentence(error):
    """Returns an error's text as one line, without the names of graph nodes that TensorFlow puts around it.

    Where several nodes failed, each thing that is said is said once.

    Args:
        error: an exception, or its text.

    >>> sentence("assertion failed: [seeds must have at least one row]\\n\\t [[{{node Assert}}]] [Op:Assert]")
    'assertion failed: [seeds must have at least one row]'
    """
    text = " ".join(str(error).split())
    several = "root error(s) found" in text
    text = _AROUND.sub(" ", text)
    said = [" ".join(part.split()) for part in (_NUMBERED.split(text) if several else [text])]
    return "; ".join(dict.fromkeys(part for part in said if part))
