"""Sets of sounds: a folder, arrays, random segments, dense mixtures, or anyone's own."""
