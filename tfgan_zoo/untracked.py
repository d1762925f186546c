"""A way to keep something that Keras and TensorFlow do not look into."""


class Untracked:
    """Holds a value in an attribute of a model without making it a part of the model: not saved, not copied.

    >>> Untracked({"a": 1}).value
    {'a': 1}
    """

    def __init__(self, value):
        self.value = value
