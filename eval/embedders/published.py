"""Published weights: where they come from, and how they are recognised.

The files lie in one folder (`paths.weights` of the configuration) or where a person put them.
`python -m scripts.weights NAME` fetches them; here nothing is downloaded.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from eval.harness.files import read_json, sha256

__all__ = [
    "PUBLISHED",
    "Published",
    "checksum",
    "damage",
    "find",
    "find_beside",
    "how_to_fetch",
    "weights_identity",
]

_HUB = "https://huggingface.co"
_VGGISH = "https://github.com/harritaylor/torchvggish/releases/download/v0.1"
_LAION = f"{_HUB}/lukewys/laion_clap/resolve/main"
_HF_CLAP = f"{_HUB}/laion/clap-htsat-unfused/resolve/main"
_AST = f"{_HUB}/MIT/ast-finetuned-audioset-10-10-0.4593/resolve/main"
_ROBERTA = f"{_HUB}/FacebookAI/roberta-base/resolve/main"


@dataclass(frozen=True)
class Published:
    """One published file.

    Attributes:
        name: what `make weights-NAME` fetches; several files may share it.
        file: how it is called here.
        url: where it comes from.
        sha256: its checksum, or the digits at the beginning of it that its publisher put into its
            name; None where it was published without one. The fetch then records what it got.
        licence: of the weights.
        megabytes: about; 0 where less than one.
    """

    name: str
    file: str
    url: str
    sha256: str | None
    licence: str
    megabytes: int


PUBLISHED: tuple[Published, ...] = (
    Published(
        "yamnet",
        "yamnet_spectra_in.tflite",
        "https://github.com/google-coral/coralmicro/raw/main/models/yamnet_spectra_in.tflite",
        "0a266465c46718f3fcc4137366be82882a8c93bfcc4f0278581a11d11dddcdf9",
        "Apache-2.0",
        4,
    ),
    Published(
        "yamnet",
        "yamnet_class_map.csv",
        "https://raw.githubusercontent.com/tensorflow/models/master/research/audioset/yamnet/"
        "yamnet_class_map.csv",
        "cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2",
        "CC-BY-4.0",
        0,
    ),
    Published(
        "vggish", "vggish-10086976.pth", f"{_VGGISH}/vggish-10086976.pth", "10086976",
        "Apache-2.0", 288,
    ),
    Published(
        "vggish", "vggish_pca_params-970ea276.pth", f"{_VGGISH}/vggish_pca_params-970ea276.pth",
        "970ea276", "Apache-2.0", 0,
    ),
    Published(
        "ast", "ast-finetuned-audioset-10-10-0.4593.safetensors", f"{_AST}/model.safetensors",
        None, "BSD-3-Clause", 346,
    ),
    Published(
        "ast", "ast-finetuned-audioset-10-10-0.4593.json", f"{_AST}/config.json",
        None, "BSD-3-Clause", 0,
    ),
    Published(
        "ms-clap-2023", "CLAP_weights_2023.pth",
        f"{_HUB}/microsoft/msclap/resolve/main/CLAP_weights_2023.pth", None, "MS-PL", 690,
    ),
    Published(
        "ms-clap-2022", "CLAP_weights_2022.pth",
        f"{_HUB}/microsoft/msclap/resolve/main/CLAP_weights_2022.pth",
        "5b917c47fec10547b65cf1d9096e194896fa1c2d6180536c8524289721a4c5b8", "MS-PL", 2334,
    ),
    Published(
        "laion-clap", "630k-audioset-best.pt", f"{_LAION}/630k-audioset-best.pt",
        "8053c9775516af2f4902e1e8281e356cc1bf7a85e8b761908170767b77c3f037", "CC0-1.0", 1860,
    ),
    Published(
        "laion-clap-630k", "630k-best.pt", f"{_LAION}/630k-best.pt", None, "CC0-1.0", 1860,
    ),
    Published(
        "laion-clap-630k-fusion", "630k-fusion-best.pt", f"{_LAION}/630k-fusion-best.pt",
        None, "CC0-1.0", 1860,
    ),
    Published(
        "laion-clap-fusion", "630k-audioset-fusion-best.pt",
        f"{_LAION}/630k-audioset-fusion-best.pt", None, "CC0-1.0", 1860,
    ),
    Published(
        "laion-clap-music-speech-only", "music_speech_epoch_15_esc_89.25.pt",
        f"{_LAION}/music_speech_epoch_15_esc_89.25.pt", None, "CC0-1.0", 2350,
    ),
    Published(
        "laion-clap-music", "music_audioset_epoch_15_esc_90.14.pt",
        f"{_LAION}/music_audioset_epoch_15_esc_90.14.pt",
        "fae3e9c087f2909c28a09dc31c8dfcdacbc42ba44c70e972b58c1bd1caf6dedd", "CC0-1.0", 2350,
    ),
    Published(
        "laion-clap-music-speech", "music_speech_audioset_epoch_15_esc_89.98.pt",
        f"{_LAION}/music_speech_audioset_epoch_15_esc_89.98.pt",
        "51c68f12f9d7ea25fdaaccf741ec7f81e93ee594455410f3bca4f47f88d8e006", "CC0-1.0", 2350,
    ),
    *(
        Published(
            "hf-clap", f"clap-htsat-unfused/{file}", f"{_HF_CLAP}/{file}", None, "Apache-2.0", size,
        )
        for file, size in (
            ("config.json", 0), ("preprocessor_config.json", 0), ("pytorch_model.bin", 615),
            ("vocab.json", 1), ("merges.txt", 0),
        )
    ),
    Published(
        "roberta", "roberta-base/vocab.json", f"{_ROBERTA}/vocab.json", None, "MIT", 1,
    ),
    Published(
        "roberta", "roberta-base/merges.txt", f"{_ROBERTA}/merges.txt", None, "MIT", 0,
    ),
    Published(
        "vggsound", "vggsound_resnet18_H.pth.tar",
        "http://www.robots.ox.ac.uk/~vgg/data/vggsound/models/H.pth.tar", None, "CC-BY-4.0", 130,
    ),
    Published(
        "vggsound", "vggsound_classes.csv",
        "https://raw.githubusercontent.com/hche11/VGGSound/master/data/stat.csv",
        None, "CC-BY-4.0", 0,
    ),
)  # fmt: skip


def weights_identity(assets: str, file: str, path: Path | None) -> str:
    """Return the checksum of a published file, or "stand_in" where random weights stand for it.

    Raises:
        FileNotFoundError, ValueError: as `find`.
    """
    return "stand_in" if assets == "stand_in" else checksum(find(file, path))


def find(file: str, path: Path | None) -> Path:
    """Return the path of a published file, after its checksum.

    Args:
        file: how it is called in the table.
        path: the file, under whatever name, or the folder that holds it under its own.

    Raises:
        FileNotFoundError: it is not there; the message says where it was looked for and which
            command fetches it.
        ValueError: it is there and is not what was published.
    """
    entry = next(entry for entry in PUBLISHED if entry.file == file)
    if path is None:
        raise FileNotFoundError(
            f"no path was given for {file}: {how_to_fetch(file)}; then give its file or folder"
        )
    found = Path(path) / file if Path(path).is_dir() else Path(path)
    if not found.is_file():
        raise FileNotFoundError(f"{file} is not at {found.absolute()}: {how_to_fetch(file)}")
    problem = damage(_with_noted(entry, found), checksum(found))
    if problem:
        raise ValueError(f"{found}: {problem}; delete it, then make weights-{entry.name}")
    return found


def find_beside(file: str, path: Path | str | None, weights: Path | str | None) -> Path:
    """Return the path of a file that belongs to others; errors as `find`.

    Args:
        file: how it is called in the table.
        path: as `find`; None looks beside the weights.
        weights: their file, or the folder they lie in.
    """
    if path is None and weights is not None:
        folder = Path(weights) if Path(weights).is_dir() else Path(weights).parent
        path = folder / file
    return find(file, None if path is None else Path(path))


def how_to_fetch(path: str | os.PathLike[str]) -> str | None:
    """Return which command fetches a published file, or a folder of several, by its name.

    None where none does.

    Example:
        >>> how_to_fetch("outputs/weights/vggish-10086976.pth")
        'make weights-vggish fetches it (288 MB, Apache-2.0)'
    """
    parts = Path(path).parts
    for entry in PUBLISHED:
        own = Path(entry.file).parts
        of_folder = len(own) > 1 and parts[1 - len(own) :] == own[:-1]
        if parts[-len(own) :] == own or of_folder:
            together = [e.megabytes for e in PUBLISHED if e.name == entry.name]
            size = f"{(sum(together) if of_folder else entry.megabytes) or '< 1'} MB"
            return f"make weights-{entry.name} fetches it ({size}, {entry.licence})"
    return None


def damage(entry: Published, digest: str) -> str | None:
    """Return what is wrong with a file of that SHA-256; None where nothing is known to be."""
    if entry.sha256 is None or digest.startswith(entry.sha256):
        return None
    return (
        f"is not {entry.file} as published: its SHA-256 is {digest}, "
        f"which should {'be' if len(entry.sha256) == 64 else 'begin with'} {entry.sha256}"
    )


def _with_noted(entry: Published, found: Path) -> Published:
    """The entry with the checksum that the fetch noted, where none was published."""
    note = found.with_name(f"{found.name}.checksum.json")
    if entry.sha256 is not None or not note.is_file():
        return entry
    return replace(entry, sha256=read_json(note).get("sha256"))


_checksums: dict[tuple[str, int, int], str] = {}


def checksum(path: str | os.PathLike[str]) -> str:
    """Return a file's SHA-256; a file that has not changed is read once a process.

    Raises:
        FileNotFoundError: there is no such file.
    """
    state = os.stat(path)
    key = (os.path.realpath(path), state.st_size, state.st_mtime_ns)
    if key not in _checksums:
        _checksums[key] = sha256(path)
    return _checksums[key]
