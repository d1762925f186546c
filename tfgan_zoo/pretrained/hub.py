"""The Hugging Face hub: the only place that imports huggingface_hub, an extra."""

import importlib

from tfgan_zoo.pretrained import download


class HubError(Exception):
    """The hub refused what was sent, or could not be reached; the message is one line."""


def check_ready(url, argument):
    """Finds out whether something could be sent to the hub, without asking it.

    Args:
        url: "hf://ORGANISATION/NAME".
        argument: str, what an error calls it.

    Raises:
        ValueError: in one line, for another address, or where huggingface_hub or a token is missing.
    """
    download.repository(url, argument)
    if not _library(url, argument).get_token():
        raise ValueError(f"{argument}={url} needs a token that may write there: run hf auth login, or set HF_TOKEN")


def send(url, files, argument):
    """Sends files in one commit: all of them are there then, or none.

    The repository is made, public, if it is missing; files of other names that it has stay there.

    Args:
        url: "hf://ORGANISATION/NAME".
        files: {name: bytes}.
        argument: str, what an error calls `url`.

    Returns:
        The address of the repository's page.

    Raises:
        ValueError: as `check_ready` does.
        HubError: if the hub does not take them.
    """
    check_ready(url, argument)
    repository, library = download.repository(url, argument), _library(url, argument)
    api = library.HfApi(endpoint=download.hub())
    added = [library.CommitOperationAdd(name, content) for name, content in files.items()]
    try:
        api.create_repo(repository, exist_ok=True)
        api.create_commit(repository, added, commit_message="Add a preset of tfgan_zoo")
    except Exception as error:  # whatever the library raises: of HTTP, of the hub's rules, of a file
        raise HubError(f"{argument}={url} was not taken: {' '.join(str(error).split())[:300]}") from None
    return f"{download.hub()}/{repository}"


def _library(url, argument):
    try:
        return importlib.import_module("huggingface_hub")
    except ImportError:
        raise ValueError(f"{argument}={url} needs huggingface_hub: pip install 'tfgan-zoo[hub]'") from None
