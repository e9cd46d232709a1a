"""Factory presets: patches that come with the package, as places to start from."""

from importlib.resources import as_file, files

from synth.patch import Patch, load_patch
from synth.patches.instrument import unknown
from synth.patches.reading import PatchError


def preset_names() -> tuple[str, ...]:
    """The presets there are, in alphabetical order."""
    names = (file.name for file in files("synth").joinpath("presets").iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def load_preset(name: str) -> Patch:
    """A preset by name.

    >>> load_preset("kick").metadata["about"]
    'A sine that falls three octaves in 80 ms'

    Raises:
        PatchError: there is none of that name.
    """
    if name not in preset_names():
        raise PatchError(f"preset {unknown(name, preset_names())}")
    with as_file(files("synth").joinpath("presets", f"{name}.yaml")) as path:
        return load_patch(path)
