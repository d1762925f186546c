"""The public surface: every function of it has hints, every name that a user meets has an example that runs."""

import ast
import inspect
import pathlib
import tomllib

import pytest

import tfgan_zoo
from tfgan_zoo import data, methods, networks, random, serving
from tfgan_zoo.core.sampler import Sampler
from tfgan_zoo.settings import recipes, resolve
from tfgan_zoo.sharing import films, latent_files, seed_lists

ROOT = pathlib.Path(tfgan_zoo.__file__).parent.parent
FILES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]["files"]
LAZY = [tfgan_zoo, methods, networks, serving]


def public_functions(path):
    """Yields (name, node) of the functions and methods of a file whose names do not begin with an underscore."""
    tree = ast.parse(path.read_text())
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    for owner in (tree, *classes):
        for node in owner.body:
            if isinstance(node, ast.FunctionDef) and (node.name == "__init__" or not node.name.startswith("_")):
                yield f"{path.relative_to(ROOT)}: {node.name}", node


def unhinted(node):
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
    own = [argument for argument in arguments if argument is not None and argument.arg not in ("self", "cls")]
    return [argument.arg for argument in own if argument.annotation is None] + ["return"] * (node.returns is None)


def test_every_public_function_of_the_surface_has_hints():
    paths = [path for name in FILES for path in ROOT.glob(name)]
    paths = [path for it in paths for path in (it.rglob("*.py") if it.is_dir() else [it])]
    functions = [found for path in paths for found in public_functions(path)]
    assert len(functions) > 300
    assert {name: missing for name, node in functions if (missing := unhinted(node))} == {}


@pytest.mark.parametrize("package", LAZY, ids=lambda package: package.__name__)
def test_type_checkers_see_the_names_that_load_when_asked_for(package):
    """The imports under TYPE_CHECKING are those of the table that `__getattr__` reads."""
    (block,) = [node for node in ast.parse(inspect.getsource(package)).body if isinstance(node, ast.If)]
    seen = {}
    for node in block.body:
        for alias in node.names:
            module = f"{node.module}.{alias.name}" if (node.module, alias.asname) == ("tfgan_zoo", "data") else None
            seen[alias.asname] = getattr(__import__(node.module, fromlist=[alias.name]), alias.name)
            assert module is None or seen[alias.asname].__name__ == module
    assert seen == {name: getattr(package, name) for name in package.__all__}


def users_names():
    """Yields (name, object) of what a user calls."""
    for package in LAZY:
        for name in package.__all__:
            if not name.startswith("__") and not inspect.ismodule(getattr(package, name)):
                yield f"{package.__name__}.{name}", getattr(package, name)
    for module in (data, random, films, latent_files, resolve, recipes, seed_lists):
        for name, it in vars(module).items():
            if inspect.isfunction(it) and it.__module__ == module.__name__ and not name.startswith("_"):
                yield f"{module.__name__}.{name}", it
    for owner in (Sampler, tfgan_zoo.GAN, serving.Client, data.Data):
        for name in sorted(vars(owner)):
            if name in CALLED:
                yield f"{owner.__name__}.{name}", getattr(owner, name)


# The methods that a user calls; those that the loop calls are in the example of their class.
CALLED = {
    *("generate", "generate_from_seeds", "generate_from_latents", "interpolate", "interpolate_latents", "truncate"),
    *("compile", "fit", "evaluate", "predict", "export", "from_preset", "name_classes", "train", "reals", "wait"),
}


@pytest.mark.parametrize("name, it", users_names(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_name_that_a_user_meets_has_an_example(name, it):
    if name in ("tfgan_zoo.serving.ServingError",):
        pytest.skip("raised, not made")
    assert ">>> " in (it.__doc__ or ""), name
