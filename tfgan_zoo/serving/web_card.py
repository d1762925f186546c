"""A model's card as HTML: what the model tells itself, and the Markdown that came with it."""

import base64
import html
import pathlib

from tfgan_zoo.files import read_file

_MOST_BYTES = 2**20  # of a card, and of a picture in it


def html_of(model, card=None):
    """Returns a model's card as HTML that runs nothing, loads nothing, and holds its pictures in itself.

    Args:
        model: a `GAN`.
        card: a path of Markdown, or None. Its pictures are PNG files beside it.

    Raises:
        ValueError: in one line, if the card is no text.
        OSError: if it cannot be read.
    """
    facts = {
        "method": type(model).__name__,
        "generator": f"{type(model.sampler).__name__}, {model.generator.count_params():,} parameters",
        "images": " x ".join(map(str, model.image_shape)),
        "latents": model.latent_dim,
        "classes": model.num_classes or None,
        "trained steps": f"{model.trained_steps:,}" if model.trained_steps is not None else None,
        "SHA-256 of the weights": model.checksum(),
    }
    rows = [
        f"<tr><th>{html.escape(name)}</th><td>{html.escape(str(value))}</td></tr>"
        for name, value in facts.items()
        if value is not None
    ]
    return "<table>\n" + "\n".join(rows) + "\n</table>\n" + (_rendered(pathlib.Path(card)) if card else "")


def _rendered(path):
    from markdown_it import MarkdownIt

    try:
        text = read_file(path, _MOST_BYTES)[:_MOST_BYTES].decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text: byte {error.start} is not UTF-8") from None
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")  # tags of a card are shown, not used

    def picture(tokens, index, options, env):
        source, words = tokens[index].attrs["src"], html.escape(tokens[index].content)
        file = path.parent / pathlib.PurePosixPath(source).name
        if source != file.name or file.suffix != ".png" or not file.is_file() or file.stat().st_size > _MOST_BYTES:
            return words
        return f'<img alt="{words}" src="data:image/png;base64,{base64.b64encode(file.read_bytes()).decode()}">'

    markdown.add_render_rule("image", lambda self, *args: picture(*args))
    return markdown.render(text)
