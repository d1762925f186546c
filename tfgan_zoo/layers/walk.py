"""All layers inside a network."""

import keras


def all_layers(network):
    """Yields a network and every layer inside it, however deep, each once.

    Layers are found in the attributes of layers, and in lists, tuples and dictionaries there.

    >>> import keras
    >>> inner = keras.Sequential([keras.layers.Dense(2, name="a"), keras.layers.Dense(3, name="b")])
    >>> sorted(layer.name for layer in all_layers(keras.Sequential([inner], name="c")) if layer is not inner)
    ['a', 'b', 'c']
    """
    seen, waiting = set(), [network]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list | tuple):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, keras.layers.Layer) and id(item) not in seen:
            seen.add(id(item))
            yield item
            waiting.extend(vars(item).values())
