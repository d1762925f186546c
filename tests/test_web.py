"""Where a download may be led, and how much of an answer is read."""

import pytest

from tfgan_zoo import web


@pytest.mark.parametrize(
    ("old", "new", "allowed"),
    [
        ("https://h/a", "https://h/b", True),
        ("https://h:8443/a", "https://h:8443/b", True),
        ("http://h:80/a", "https://h/b", True),
        ("http://h/a", "http://h/b", True),
        ("https://h/a", "http://h/a", False),
        ("https://h/a", "https://h:8443/a", False),
        ("https://h/a", "https://g/a", False),
        ("https://h/a", "https://h.evil/a", False),
        ("http://h/a", "http://h:22/a", False),
        ("https://h/a", "https://h:x/a", False),
        ("https://h/a", "ftp://h/a", False),
        ("https://h/a", "file:///a", False),
        ("https://h/a", "https://h@g/a", False),
        ("https://huggingface.co/a", "https://huggingface.co/b", True),
        ("https://huggingface.co/a", "https://cdn-lfs-us-1.huggingface.co/b", True),
        ("https://huggingface.co/a", "https://cas-bridge.xethub.hf.co/b?X=1", True),
        ("https://cas-bridge.xethub.hf.co/b", "https://evil/", False),
        ("https://huggingface.co/a", "http://cdn-lfs.huggingface.co/b", False),
        ("https://huggingface.co/a", "https://evilhf.co/b", False),
        ("https://huggingface.co/a", "https://hf.co.evil/b", False),
        ("https://h/a", "https://cdn-lfs.huggingface.co/b", False),
    ],
)
def test_redirects(old, new, allowed):
    assert web.may_redirect(old, new) is allowed


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "file:///etc/passwd", "data:,x"])
def test_other_protocols_are_not_spoken(url):
    with pytest.raises(OSError, match="unknown url type"):
        web.ask(url, 5, 2**10)
