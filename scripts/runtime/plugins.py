"""Makes the repository's own Hydra plugins importable, here and in the workers of a launcher.

Hydra finds plugins in the namespace package `hydra_plugins` on the import path. Ours lie in
`scripts/plugins`; workers that a launcher starts get the path through the environment.
"""

from __future__ import annotations

import os
import sys

from scripts.runtime.errors import ROOT

__all__ = ["PLUGINS", "make_importable"]

PLUGINS = ROOT / "scripts" / "plugins"


def make_importable() -> None:
    """Puts the repository and its plugins on the import path; call it before Hydra starts."""
    for path in (str(PLUGINS), str(ROOT)):
        if path not in sys.path:
            sys.path.append(path)
    known = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    missing = [path for path in (str(ROOT), str(PLUGINS)) if path not in known]
    os.environ["PYTHONPATH"] = os.pathsep.join([*known, *missing])
