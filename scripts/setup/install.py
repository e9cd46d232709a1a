"""Makes .venv from the exact pins of this folder: scripts/setup/setup.sh --accelerator cpu.

Runs on the machine's own Python with nothing installed. What was asked for and a digest of the
files that decide what gets installed are kept in .venv/setup.json, so a run where nothing changed
ends at once, a change of the pins installs again, and a set-up that was killed starts anew.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VENV = ROOT / ".venv"
RECORD = VENV / "setup.json"
UNFINISHED = VENV / "setup.unfinished"
LOG = VENV / "setup.log"
CONSTRAINTS = HERE / "constraints.txt"
NO_DEPENDENCIES = HERE / "requirements-nodeps.txt"
PEERS = HERE / "requirements-peers.txt"
ACCELERATORS = ("cpu", "cuda12", "cuda13")
TOOLS = ("pip", "setuptools", "wheel")


def main() -> int:
    """Brings .venv to what was asked for and gives the exit status."""
    options = parse()
    recorded = read_record()
    chosen = {
        "path": str(VENV),
        "accelerator": options.accelerator or recorded.get("accelerator", "cpu"),
        "torch_index": options.torch_index or recorded.get("torch_index", ""),
    }
    with_peers = options.peers or "peers" in recorded
    started = time.monotonic()

    if not is_usable(recorded, chosen):
        create()
        recorded = {}
    state = {**recorded, **chosen}
    write_record(state)

    needed = digest(CONSTRAINTS, NO_DEPENDENCIES, ROOT / "pyproject.toml", Path(__file__))
    if state.get("installed") != needed:
        with unfinished():
            install(chosen["accelerator"], chosen["torch_index"])
        state["installed"] = needed
        write_record(state)
    needed = digest(CONSTRAINTS, PEERS, Path(__file__))
    if with_peers and state.get("peers") != needed:
        with unfinished():
            pip("install", "--no-deps", "-r", PEERS)
        state["peers"] = needed
        write_record(state)
    if state != recorded:
        print(f"set-up finished in {time.monotonic() - started:.0f} s: {VENV}", flush=True)
    return 0


def parse() -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Make .venv from the exact pins.")
    parser.add_argument(
        "--accelerator",
        choices=("", *ACCELERATORS),
        default="",
        help="what JAX runs on; empty: what .venv was made for, else cpu",
    )
    parser.add_argument(
        "--torch-index",
        default="",
        metavar="URL",
        help="package index to take torch and torchaudio from, e.g. one of CPU builds",
    )
    parser.add_argument("--python", default="", help="read by setup.sh")
    parser.add_argument("--peers", action="store_true", help="add the benchmark's peers")
    return parser.parse_args()


def digest(*files: Path) -> str:
    """Hash of the files' contents and of the Python that makes .venv."""
    hashed = hashlib.sha256(".".join(map(str, sys.version_info[:2])).encode())
    for file in files:
        hashed.update(file.read_bytes())
    return hashed.hexdigest()


def read_record() -> dict:
    """What .venv was made for; empty where there is no finished set-up."""
    try:
        return json.loads(RECORD.read_text())
    except (OSError, ValueError):
        return {}


def write_record(record: dict) -> None:
    """Keeps what .venv is made for, whole or not at all."""
    beside = RECORD.with_suffix(".new")
    beside.write_text(json.dumps(record, indent=1) + "\n")
    os.replace(beside, RECORD)


def is_usable(recorded: dict, chosen: dict) -> bool:
    """Whether .venv can be kept: whole, in the place where it was made, for the same accelerator.

    One that was made by hand has no record; it is kept and brought to the pins.
    """
    if UNFINISHED.exists() or not python().exists():
        return False
    return all(recorded.get(key, value) == value for key, value in chosen.items())


def create() -> None:
    """Makes an empty .venv in place of what is there."""
    if VENV.exists():
        print(f"making {VENV} anew", flush=True)
        shutil.rmtree(VENV)
    VENV.mkdir()
    with unfinished():
        venv.create(VENV, with_pip=True)


@contextmanager
def unfinished() -> Iterator[None]:
    """Marks .venv as half-written during the block, so that a killed set-up starts anew.

    An error that pip itself reports (no network, no such version) leaves .venv whole: it is kept,
    and the program ends with what pip said.
    """
    UNFINISHED.touch()
    try:
        yield
    except subprocess.CalledProcessError as failure:
        UNFINISHED.unlink()
        said = LOG.read_text(errors="replace").splitlines() if LOG.exists() else []
        command = " ".join(map(str, failure.cmd))
        ending = f"set-up stopped, exit status {failure.returncode} of: {command}"
        sys.exit("\n".join([*said[-30:], "", ending]))
    UNFINISHED.unlink()


def install(accelerator: str, torch_index: str) -> None:
    """Installs everything but the peers, in the order that works."""
    pip("install", "--upgrade", *TOOLS)
    # torch before anything that names it and alone, or another build of it is pulled in.
    # 2.13.0+cpu of an extra index wins over 2.13.0 of the registry.
    index = ("--extra-index-url", torch_index) if torch_index else ()
    pip("install", *index, f"torch=={pinned('torch')}")
    pip("install", *index, f"torchaudio=={pinned('torchaudio')}")
    extras = "dev" if accelerator == "cpu" else f"dev,{accelerator}"
    pip("install", "--no-build-isolation", "--editable", f".[{extras}]")
    pip("install", "--no-deps", "-r", NO_DEPENDENCIES)
    drop_unusable_torchaudio_libraries()


def pip(command: str, *arguments) -> None:
    """Runs the pip of .venv under the pins; its words go to the log."""
    shared = ("--disable-pip-version-check", "--no-input", "--constraint", CONSTRAINTS)
    call = [python(), "-m", "pip", command, *shared, *arguments]
    print("pip", command, *(str(argument) for argument in arguments), flush=True)
    with LOG.open("ab") as log:
        subprocess.run([str(part) for part in call], cwd=ROOT, check=True, stdout=log, stderr=log)


def python() -> Path:
    """The interpreter of .venv."""
    return VENV / "bin" / "python"


def pinned(name: str) -> str:
    """The version that the constraints give a package."""
    for line in CONSTRAINTS.read_text().splitlines():
        if line.startswith(f"{name}=="):
            return line.split("==")[1].strip()
    raise SystemExit(f"{CONSTRAINTS} pins no {name}")


def drop_unusable_torchaudio_libraries() -> None:
    """Deletes torchaudio's compiled libraries next to a CPU build of torch.

    They are linked against CUDA and fail to load there; torchaudio takes missing libraries as a
    supported case and everything used here is its Python code.
    """
    script = (
        "import importlib.util as u, pathlib as p, torch\n"
        "folder = p.Path(u.find_spec('torchaudio').origin).parent / 'lib'\n"
        "for library in folder.glob('*.so') if torch.version.cuda is None else ():\n"
        "    library.unlink()\n"
    )
    subprocess.run([str(python()), "-c", script], cwd=VENV, check=True)


if __name__ == "__main__":
    sys.exit(main())
