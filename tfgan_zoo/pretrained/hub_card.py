"""The card of a published preset: README.md, with the front matter by which the hub files it."""

import json

from tfgan_zoo import registry

_CARD = """# {title}

A generator of {what}, trained with tfgan_zoo's `{method}`, {summary}{dataset}, for {step:,} steps.

{samples}The generator has {parameters:,} parameters. `config.json` has the networks, `metadata.json` the rest, and the
SHA-256 of the files. Nothing in them is code.
"""
_LOAD = """
## Load

```python
import tfgan_zoo

model = tfgan_zoo.load("{source}")
images = model.generate(num=16, seed=0)
```
"""


def card(text, model, about, title, source, license, caption, asked=False):
    """Returns the text of README.md.

    Args:
        text: the preset's own card, or None. One that has front matter is taken as it is.
        model: the preset's `GAN`.
        about: dict, its metadata.json.
        title: str, the heading of a card that is made here.
        source: str, what `tfgan_zoo.load` takes; front matter is made for the hub alone, hf://.
        license: str, the hub's word for a licence; None says none.
        caption: str, what samples.png shows; None if there is none.
        asked: bool, whether somebody asked for that licence just now.

    Raises:
        ValueError: in one line, if the card's own front matter should get another licence.
    """
    if text is not None and text.startswith("---\n"):
        if asked:
            raise ValueError(f"license={license}: the card has front matter already; change it there")
        return text
    text = _made(model, about, title, caption) if text is None else text
    if not source.startswith("hf://"):
        return text
    load = "" if f'"{source}"' in text else _LOAD.format(source=source)
    return front_matter(model, about, license) + text.rstrip() + "\n" + load


def front_matter(model, about, license):
    """Returns the lines of YAML: each value is JSON, which is YAML too, whatever its text is."""
    metrics = about.get("metrics")
    rows = [it for it in metrics if isinstance(it, dict)] if isinstance(metrics, list) else []
    lines = {
        "license": license,
        "library_name": "keras",
        "pipeline_tag": "unconditional-image-generation" if len(model.image_shape) == 3 else None,
        "tags": list(dict.fromkeys(["gan", "tfgan_zoo", registry.method_of(type(model)).name])),
        "metrics": list(dict.fromkeys(str(it["metric"]) for it in rows if "metric" in it)) or None,
    }
    text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in lines.items() if value is not None)
    return f"---\n{text}---\n\n"


def _made(model, about, title, caption):
    spec = registry.method_of(type(model))
    sizes = " x ".join(map(str, model.image_shape))
    return _CARD.format(
        title=title,
        what=f"{'images' if len(model.image_shape) == 3 else 'data'} of {sizes}",
        method=spec.name,
        summary=spec.summary,
        dataset=f", on `{about['dataset']}`" if isinstance(about.get("dataset"), str) else "",
        step=int(model.step.numpy()),
        samples=f"{caption}:\n\n![samples](samples.png)\n\n" if caption else "",
        parameters=model.generator.count_params(),
    )
