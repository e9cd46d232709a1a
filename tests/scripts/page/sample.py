"""A page with one of everything and sounds whose length, pitch and spectrum are known."""

import numpy as np

from scripts.runtime.page import Page

SAMPLE_RATE = 24_000
DURATIONS_S = (1.0, 0.5, 2.25)
HOSTILE = "<script>alert('no & \"never\"')</script>"


def tone(hz: float, duration_s: float) -> np.ndarray:
    """A sine at half of full scale."""
    time = np.arange(round(SAMPLE_RATE * duration_s)) / SAMPLE_RATE
    return (0.5 * np.sin(2 * np.pi * hz * time)).astype(np.float32)


def sample_page() -> Page:
    """Three cards, one of them wide, a section and a wide table."""
    page = Page("A sample", f"Two paragraphs.\n\nThe second: {HOSTILE}", footer="Made by a test.")
    for name, hz, duration_s in zip(("low", HOSTILE), (220.0, 3000.0), DURATIONS_S, strict=False):
        card = page.card(name, subtitle="a sine", badge="score 0.5")
        card.sound(tone(hz, duration_s), SAMPLE_RATE)
        card.curve([0.1, 0.4, 0.4, 0.9], "best score")
        card.facts([("brightness", "3 kHz"), ("noisiness", 0.25)])
        card.patch(
            [
                ("keyboard", "midi_f0", 57.0, "MIDI"),
                ("keyboard", "duration", 0.5, "s"),
                ("mod_matrix", "lfo_2->vco_2_amplitude_" + "long" * 12, 0.123456, ""),
            ]
        )
        card.download("patch.yaml", "version: 1\n")
    page.section("A comparison", "Side by side.")
    card = page.card("An A/B pair of " + "a-word-that-does-not-end" * 6, wide=True)
    card.audio(tone(440, DURATIONS_S[2]), SAMPLE_RATE, "recording")
    card.spectrogram(tone(440, DURATIONS_S[2]), SAMPLE_RATE, "A steady line at 440 Hz")
    columns = [f"column number {index}" for index in range(12)]
    page.table(columns, [[name, *range(10), "a remark of some length at the end"] for name in "ab"])
    return page
