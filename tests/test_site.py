"""The documentation: its navigation, its links, and every command that it shows. Nothing here needs MkDocs."""

import pathlib
import re

import pytest
import site_pages
import yaml

ROOT = pathlib.Path(site_pages.ROOT)


class _Loader(yaml.SafeLoader):
    """mkdocs.yml without Python's tags."""


PAGES = site_pages.generated() | {
    path.relative_to(site_pages.DOCS).as_posix(): site_pages.relinked(
        path.read_text(), path.relative_to(ROOT).as_posix(), path.relative_to(site_pages.DOCS).as_posix()
    )
    for path in site_pages.DOCS.rglob("*.md")
    if path.name not in site_pages.LEFT_OUT
}
FILES = {path.relative_to(site_pages.DOCS).as_posix() for path in site_pages.DOCS.rglob("*.*")} | set(
    site_pages.pictures()
)


def named(entries):
    """Yields the pages of a navigation."""
    for entry in entries:
        for value in entry.values() if isinstance(entry, dict) else [entry]:
            yield from [value] if isinstance(value, str) else named(value)


def anchors(text):
    """Returns the anchors of a page's headings, as MkDocs makes them, and those of its reference."""
    bare = site_pages.FENCED.sub("", text)
    headings = re.findall(r"^#+ (.*)$", bare, re.MULTILINE)
    slugs = [re.sub(r"[^\w\s-]", "", re.sub(r"[`*]", "", heading)).strip().lower() for heading in headings]
    return {re.sub(r"[-\s]+", "-", slug) for slug in slugs} | set(re.findall(r"^::: (\S+)$", text, re.MULTILINE))


def test_the_navigation_names_every_page_once():
    settings = yaml.load((ROOT / "mkdocs.yml").read_text(), _Loader)
    found = list(named(settings["nav"]))
    cards = {f"presets/{folder.name}.md" for folder in site_pages.presets()}  # the gallery leads to them
    assert len(found) == len(set(found)) and set(found) | cards == set(PAGES)
    assert settings["strict"] is True and settings["theme"]["font"] is False


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_of_a_page_leads_somewhere(page):
    bare = site_pages.FENCED.sub("", PAGES[page])
    for _, words, target in site_pages.LINK.findall(bare):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = (pathlib.PurePosixPath(page).parent / path).as_posix() if path else page
        place = str(pathlib.Path("/", place).resolve().relative_to("/"))
        assert place in PAGES or place in FILES, f"[{words}]({target})"
        assert not anchor or anchor in anchors(PAGES[place]), f"[{words}]({target})"


def test_links_lead_to_where_things_are_on_the_site():
    line = (
        "[a](docs/runs.md#recipes), [b](CONTRIBUTING.md), [c](tests/plugin), ![d](docs/methods.png), [e](https://x.y)"
    )
    led = "[a](runs.md#recipes), [b](about/contributing.md), c, ![d](methods.png), [e](https://x.y)"
    assert site_pages.relinked(line, "README.md", "index.md") == led
    line = "[a](../../CONTRIBUTING.md), [b](../claims.md), [c](../no_page.md)\n\n```\n[d](../../tests/plugin)\n```"
    led = line.replace("../../CONTRIBUTING.md", "../about/contributing.md")  # what is nowhere stays, and fails
    assert site_pages.relinked(line, "docs/methods/brc.md", "methods/brc.md") == led
    assert site_pages.relinked("![s](samples.png)", "models/gan_ring/README.md", "presets/gan_ring.md") == (
        "![s](gan_ring_samples.png)"
    )


def test_a_page_for_each_method_with_its_numbers():
    for method in ("gan", "pconv", "ces", "particle", "express", "brc"):
        text = PAGES[f"methods/{method}.md"]
        assert f"]({method}.png)" in text and f"--method={method}" in text and "## When to use it" in text
        assert f"<!-- results: {method} -->" in text


def test_the_list_of_pages_in_the_repository_is_whole():
    listed = (ROOT / "docs" / "README.md").read_text()
    assert [path.name for path in (ROOT / "docs").glob("*.md") if f"({path.name})" not in listed] == ["README.md"]
