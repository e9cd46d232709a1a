"""Numbers that describe a sound: its spectrum, its harmonics, how far an MP3 encoder shrinks it."""
