"""The pages of the site that are no files under docs/, and where links lead there: a hook that mkdocs.yml names.

Every fact stands in one place: the start page is README.md, the gallery is made of the presets' folders. MkDocs is
imported where it calls, so that a test without it can look at every page and link.
"""

import json
import pathlib
import posixpath
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
LEFT_OUT = ("README.md",)  # of docs/: the list of pages for readers of the repository, which the navigation is here
# {page of the site: file of the repository}
MOVED = {
    "index.md": "README.md",
    "about/changelog.md": "CHANGELOG.md",
    "about/contributing.md": "CONTRIBUTING.md",
    "about/security.md": "SECURITY.md",
    "about/conduct.md": "CODE_OF_CONDUCT.md",
}
PICTURES = ("samples.png", "interpolation.png", "neighbours.png")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_GALLERY = """# Presets

Trained models that come with the package, each with its samples of the seeds 0, 1, 2, ..., in order, none picked; a
click shows the card, with the numbers. [What they came to](../results.md) compares them.

```python
import tfgan_zoo

model = tfgan_zoo.from_preset("pconv_fashion_mnist")
images = model.generate(num=16, seed=0)
```
"""
FENCED = re.compile(r"(^```.*?^```$)", re.DOTALL | re.MULTILINE)


def generated():
    """Returns {page: Markdown} of the pages that are made here."""
    pages = {page: relinked((ROOT / source).read_text(), source, page) for page, source in MOVED.items()}
    pages["presets/index.md"] = gallery()
    pages["tutorial.md"] = notebook((DOCS / "tutorial.ipynb").read_text())
    for folder in presets():
        page = f"presets/{folder.name}.md"
        pages[page] = relinked((folder / "README.md").read_text(), f"models/{folder.name}/README.md", page)
    return pages


def pictures():
    """Returns {file of the site: file of the repository} of what is no page: the README's and the presets' pictures."""
    found = {f"presets/{folder.name}_{name}": folder / name for folder in presets() for name in PICTURES}
    return {page: path for page, path in found.items() if path.is_file()}


def presets():
    """Returns the folders of the presets."""
    return sorted(path.parent for path in (ROOT / "models").glob("*/metadata.json"))


def gallery():
    """Returns the page of all presets' sheets of samples, those of images first."""
    about = {folder.name: json.loads((folder / "metadata.json").read_text()) for folder in presets()}
    lines = [_GALLERY]
    for title, wanted in (("Images", True), ("Mixtures of Gaussians", False)):
        lines += [f"## {title}", "", '<div class="gallery" markdown>', ""]
        for name, it in about.items():
            if it["metrics"][0]["metric"].startswith("modes_2500") is not wanted:
                lines += [f"[![samples of {name}]({name}_samples.png)", f"`{name}`]({name}.md)", ""]
        lines += ["</div>", ""]
    return "\n".join(lines)


def notebook(text):
    """Returns the page of a notebook: its words, its code, and what came out."""
    parts = ["[This page as a notebook](tutorial.ipynb), to run and change."]
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        parts.append(f"```python\n{source}\n```" if cell["cell_type"] == "code" else source)
        parts += map(_shown, cell.get("outputs", ()))
    parts[:2] = reversed(parts[:2])  # the title first
    return "\n\n".join(parts) + "\n"


def _shown(output):
    """Returns an output as Markdown; a picture is HTML already."""
    held = output.get("data", {"text/plain": output.get("text", "")})
    text = "".join(held.get("text/html", held["text/plain"])).rstrip()
    return text if "text/html" in held else f"```text\n{text}\n```"


def where(target):
    """Returns the page or file of the site that a file of the repository is on; None if it is not there."""
    for page, source in MOVED.items():
        if target == source:
            return page
    match = re.fullmatch(r"models/(\w+)/(README\.md|.*\.png)", target)
    if match:
        return f"presets/{match[1]}.md" if match[2] == "README.md" else f"presets/{match[1]}_{match[2]}"
    if target in ("docs", "docs/README.md"):
        return "index.md"
    inside = target.removeprefix("docs/")
    return inside if inside != target and (ROOT / target).is_file() else None


def relinked(text, source, page):
    """Returns the text of a page with its links to files of the repository led to where these are on the site.

    What is not on the site, such as a file of the tests, keeps its words and loses its link.

    Args:
        text: Markdown.
        source: the file of the repository that it is in, such as "docs/runs.md".
        page: the page of the site that it is on, such as "runs.md".
    """

    def led(match):
        mark, words, target = match.groups()
        path, hash_mark, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target) or not path:
            return match[0]
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        found = where(target)
        if found is None:
            return words if (ROOT / target).exists() else match[0]  # which the site's build, or a test, refuses
        return f"{mark}[{words}]({posixpath.relpath(found, posixpath.dirname(page) or '.')}{hash_mark}{anchor})"

    parts = FENCED.split(text)
    return "".join(part if i % 2 else LINK.sub(led, part) for i, part in enumerate(parts))


# What MkDocs calls ------------------------------------------------------------------------------------------------


def on_files(files, config):
    """Adds the pages and pictures that are made here."""
    from mkdocs.structure.files import File

    for page, text in generated().items():
        files.append(File.generated(config, page, content=text))
    for page, path in pictures().items():
        files.append(File.generated(config, page, abs_src_path=str(path)))
    return files


def on_page_markdown(markdown, page, **kwargs):
    """Leads the links of the files under docs/; those of the others are led already."""
    uri = page.file.src_uri
    return relinked(markdown, f"docs/{uri}", uri) if (DOCS / uri).is_file() else markdown
