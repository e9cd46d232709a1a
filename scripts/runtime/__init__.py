"""What every run needs, once: composing and checking, the run folder, lock, tracker, progress."""
