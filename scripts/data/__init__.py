"""Data sets, downloaded, checked, unpacked and prepared: `python -m scripts.data esc50`."""
