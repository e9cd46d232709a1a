"""Patches of other programs: SynthAX, CTAG and torchsynth.

What an imported patch sounds like, here and there:

- SynthAX and CTAG: imported with `compat="synthax"`, so that control signals are stretched over the
  buffer and the noise is the one of SynthAX, as when the sound was judged. With `compat=None`
  control signals stand where they belong in time; the level of noise stays linear either way,
  since the range goes with the patch. What cannot come along: in a batch SynthAX divides all
  sounds by the first one's peak, but each patch is imported as a sound of its own.
- torchsynth: ranges and curves are the same. Its control signals are stretched over the buffer and
  ours are not (0.02-0.15 dB of log-mel distance), and its noise is another random vector.
"""

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from synth.config import SynthConfig
from synth.parameter import Range
from synth.patch import Patch, load_patch, patches_from_theta
from synth.patches.document import is_patch
from synth.patches.reading import SUFFIXES, PatchError, naming, read_document
from synth.patches.synthax import is_tree, read_tree
from synth.patches.torchsynth import is_state, read_state

Kind = Literal["auto", "ours", "synthax", "ctag", "torchsynth"]
MAX_BYTES = 32 * 2**20

_PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin")
_CTAG_NAME = re.compile(r"(?P<prompt>.+)_(?P<run>\d{3,})_(?P<fitness>-?\d+\.\d{4})")
_CTAG_STEP = re.compile(r"(best|center)_(?P<step>\d{5,})_synthspec")


def import_patch(
    source: Path | str | Mapping[Any, Any],
    kind: Kind = "auto",
    config: SynthConfig | None = None,
    compat: Literal["synthax"] | None = "synthax",
    ranges: Mapping[str, Range] | None = None,
) -> list[Patch]:
    """The patches in a file or mapping of another program (or ours), one a sound of its batch.

    Args:
        source: a .yaml, .yml or .json file; for torchsynth also .npz, one array a name; or the
            parameters themselves as a mapping, such as SynthAX's `synth.init(key)` or torchsynth's
            `voice.state_dict()`. Pickles (.pt) are not opened: load them, and pass the mapping.
        kind: what wrote it; "auto" looks at the content, and for CTAG at the file's name.
        config: rates and duration, where the source has none or others are wanted.
        compat: for SynthAX and CTAG; see the module.
        ranges: by full name, where the patch was made with other ranges than its program's own;
            `synth.patches.torchsynth.read_nebula` reads such.

    Raises:
        PatchError: the source is of no such kind, or its content is wrong.
        OSError: the file system's own errors, such as FileNotFoundError.
    """
    if kind not in get_args(Kind):
        raise PatchError(f"kind must be one of {', '.join(get_args(Kind))}, got {kind!r}")
    if isinstance(source, Mapping):
        return _from_data(source, "patch", kind, config, compat, ranges or {})
    path = Path(source)
    data = _read(path)
    if kind == "ours" or (kind == "auto" and is_patch(data)):
        return [load_patch(path)]
    with naming(path):
        return _from_data(data, path.stem, kind, config, compat, ranges or {})


def _from_data(
    data: Any,
    label: str,
    kind: str,
    config: SynthConfig | None,
    compat: Any,
    ranges: Mapping[str, Range],
) -> list[Patch]:
    about = ctag_metadata(label)
    if kind == "auto":
        kind = _recognise(data, bool(about))
    if kind == "torchsynth":
        synth, theta = read_state(data, config, ranges)
    elif kind in ("synthax", "ctag"):
        if not is_tree(data):
            raise PatchError("has no parameters of SynthAX: params, with a module 'mixer'")
        synth, theta = read_tree(data, config, compat, ranges)
    else:
        raise PatchError("a patch of this program is loaded from its file")
    metadata: dict[str, Any] = {"source": kind}
    if kind == "ctag":
        label, metadata = str(about.get("prompt", label)), {**metadata, **about}
    names = [label if len(theta) == 1 else f"{label} {i}" for i in range(len(theta))]
    return [
        Patch(patch.instrument, patch.values, patch.name, metadata)
        for patch in patches_from_theta(synth, theta, names)
    ]


def ctag_metadata(stem: str) -> dict[str, Any]:
    """What CTAG says in a file's name: prompt, run and score, or the search's step.

    >>> ctag_metadata("a_dog_barking_002_-0.4321")
    {'prompt': 'a_dog_barking', 'run': 2, 'score': 0.4321}
    """
    if match := _CTAG_NAME.fullmatch(stem):
        # CTAG minimises the negative similarity of sound and text.
        fitness = float(match["fitness"])
        return {"prompt": match["prompt"], "run": int(match["run"]), "score": -fitness}
    if match := _CTAG_STEP.fullmatch(stem):
        return {"step": int(match["step"])}
    return {}


def _recognise(data: Any, named_by_ctag: bool) -> str:
    if is_tree(data):
        return "ctag" if named_by_ctag else "synthax"
    if is_state(data):
        return "torchsynth"
    raise PatchError(
        "is not recognised; patches are read of this program (format: synth patch), SynthAX and "
        "CTAG (params by module) and torchsynth (values by module.parameter)"
    )


def _read(path: Path) -> Any:
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return read_document(path, foreign=True, max_bytes=MAX_BYTES)
    with naming(path):
        if suffix == ".npz":
            return _read_npz(path)
        if suffix in _PICKLES:
            raise PatchError(
                f"a {suffix} file may run any code when it is opened; load it yourself, such as "
                "with torch.load(path, weights_only=True), and pass the mapping"
            )
        allowed = ", ".join((*SUFFIXES, ".npz"))
        raise PatchError(f"the suffix {path.suffix!r} is unknown; allowed: {allowed}")


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an npz file; arrays of objects, which are pickles, are refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(item.file_size for item in archive.infolist()) > MAX_BYTES:
                raise PatchError(f"holds more than {MAX_BYTES} bytes, which no patch does")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except PatchError:
        raise
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, EOFError, KeyError) as error:
        raise PatchError(f"is not an npz file of numbers: {error}") from None
