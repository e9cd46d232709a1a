"""A card of a page: one sound or one comparison with everything that belongs to it."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from scripts.runtime.page.chart import curve
from scripts.runtime.page.element import Markup, tag
from scripts.runtime.page.media import audio_uri, data_uri, log_spectrogram, spectrogram_uri
from scripts.runtime.page.plot import Axis, Tick, frame, linear_ticks
from scripts.runtime.page.table import PatchRow, patch, table
from scripts.runtime.page.text import image

FREQUENCY_TICKS = {
    100: "100",
    200: "200",
    500: "500",
    1000: "1k",
    2000: "2k",
    5000: "5k",
    10_000: "10k",
}


class Card:
    """A heading and blocks below it, in the order of the calls. Made by Page.card."""

    def __init__(self, title: str, subtitle: str = "", badge: str = "", wide: bool = False):
        self.title, self.subtitle, self.badge, self.wide = title, subtitle, badge, wide
        self.blocks: list[Markup | list[Markup]] = []

    def audio(self, wave: ArrayLike, sample_rate: float, label: str = "") -> None:
        """Adds a player for wave (n_samples,) or (n_channels, n_samples), within [-1, 1], in Hz."""
        self.blocks.append(self.player(wave, sample_rate, label))

    def spectrogram(self, wave: ArrayLike, sample_rate: float, alt: str = "") -> None:
        """Adds the spectrogram of wave (n_samples,); alt describes it to those who cannot see."""
        self.blocks.append(self.picture(wave, sample_rate, alt))

    def sound(self, wave: ArrayLike, sample_rate: float, label: str = "", alt: str = "") -> None:
        """Adds a player with its spectrogram. Several of them stand side by side in a wide card."""
        player = self.player(wave, sample_rate, label)
        picture = self.picture(wave, sample_rate, alt or f"Spectrogram of {label or self.title}")
        if not (self.blocks and isinstance(self.blocks[-1], list)):
            self.blocks.append([])
        self.blocks[-1].append(tag("div", player, picture, class_="sound"))  # type: ignore[union-attr]

    def curve(self, values: Sequence[float], label: str, steps: str = "iteration") -> None:
        """Adds a line through values (n,), one for every step, such as a search's best score."""
        self.blocks.append(curve(values, label, steps))

    def text(self, text: str) -> None:
        """Adds a paragraph."""
        self.blocks.append(tag("p", text))

    def facts(self, facts: Iterable[tuple[str, object]]) -> None:
        """Adds short named values, such as ("score", "0.83")."""
        pairs = (tag("div", tag("dt", name), tag("dd", value)) for name, value in facts)
        self.blocks.append(tag("dl", *pairs, class_="facts"))

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = ""
    ) -> None:
        """Adds a table; numbers are aligned to the right."""
        self.blocks.append(table(columns, rows, title))

    def fold(self, title: str, *contents: Markup) -> None:
        """Adds what is folded away under a line that opens it."""
        self.blocks.append(tag("details", tag("summary", title), *contents))

    def patch(self, rows: Iterable[PatchRow], title: str = "Patch") -> None:
        """Adds a synthesizer's settings, folded away: rows of module, parameter, value and unit."""
        self.blocks.append(patch(rows, title))

    def download(self, name: str, data: bytes | str, media_type: str = "application/yaml") -> None:
        """Adds a link that saves a file of this name with the data in it."""
        content = data.encode() if isinstance(data, str) else data
        link = tag("a", f"Download {name}", href=data_uri(content, media_type), download=name)
        self.blocks.append(tag("p", link, class_="download"))

    def figure(self, png: bytes, alt: str, caption: str = "") -> None:
        """Adds a picture that is a PNG already; alt says what it shows."""
        self.blocks.append(image(png, alt, caption))

    def player(self, wave: ArrayLike, sample_rate: float, label: str) -> Markup:
        """A plain audio element with its label."""
        name = label or self.title
        player = tag(
            "audio",
            controls=True,
            preload="metadata",
            src=audio_uri(wave, sample_rate),
            aria_label=f"Play {name}",
        )
        caption = tag("figcaption", label) if label else None
        return tag("figure", caption, player, class_="player")

    def picture(self, wave: ArrayLike, sample_rate: float, alt: str) -> Markup:
        """A spectrogram with its axes."""
        samples = np.asarray(wave, dtype=np.float64)
        levels, (low, high) = log_spectrogram(samples, sample_rate)
        octaves = np.log2(high / low)
        ticks = [
            Tick(float(np.log2(hz / low) / octaves), text)
            for hz, text in FREQUENCY_TICKS.items()
            if low < hz < high
        ]
        picture = tag(
            "img",
            src=spectrogram_uri(levels),
            alt=alt or f"Spectrogram of {self.title}",
            width=levels.shape[1],
            height=levels.shape[0],
        )
        time = Axis("seconds", linear_ticks(0, samples.size / sample_rate, most=6))
        return tag("figure", frame(picture, x=time, y=Axis("Hz", ticks)), class_="spectrogram")

    def render(self) -> Markup:
        """HTML of the card."""
        badge = tag("p", self.badge, class_="badge") if self.badge else None
        subtitle = tag("p", self.subtitle, class_="subtitle") if self.subtitle else None
        blocks = (
            tag("div", *block, class_="sounds") if isinstance(block, list) else block
            for block in self.blocks
        )
        return tag(
            "article",
            tag("header", tag("h3", self.title), badge, subtitle),
            tag("div", *blocks, class_="blocks"),
            class_="card wide" if self.wide else "card",
        )
