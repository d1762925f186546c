"""What becomes of the fields that are None."""

import dataclasses

import pytest

from tfgan_zoo.settings import config as configs
from tfgan_zoo.settings import fields, nulls
from tfgan_zoo.settings.resolve import resolve


def test_every_field_that_may_be_none_has_a_meaning():
    optional = [name for name, field in configs.FIELDS.items() if fields.kind_of(field)[2]]
    for config in (resolve(method="gan", dataset="ring"), resolve(network="stylegan2")):
        meanings = nulls.meanings(dataclasses.replace(config, **dict.fromkeys(optional)))
        assert list(meanings) == optional and all(meanings.values())


@pytest.mark.parametrize(
    "given, name, meaning",
    [
        ({"method": "gan", "dataset": "ring"}, "width", "128 (network=mlp's own)"),
        ({"network": "stylegan2"}, "mapping_layers", "2 (network=stylegan2's own)"),
        ({"network": "stylegan2"}, "mixing", "0.9, and 0 at 32 px"),
        ({"network": "sngan"}, "attention", "none (network=sngan's own)"),
        ({}, "attention", "none: network=dcgan has no such number"),
        ({}, "eval_every_kimg", "none: there are no eval_metrics"),
        ({"eval_metrics": ("fd_fashion_10k",)}, "eval_every_kimg", "every tick"),
        ({}, "split", "train"),
    ],
)
def test_a_null_is_said_in_words(given, name, meaning):
    assert nulls.meanings(resolve(**given))[name] == meaning


def test_what_is_said_has_no_meaning_beside_it():
    assert "width" not in nulls.meanings(resolve(width=32))


def test_fields_that_become_the_same_are_one_line():
    assert "ada_target, ada_kimg: null is none: augment has no ada" in nulls.lines(resolve())
