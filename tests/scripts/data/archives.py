"""Tiny archives laid out as the eight data sets' own, with their tables' columns."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import soundfile

RATE = 22050


def wave(path: Path, seconds: float = 0.2, rate: int = RATE, channels: int = 1, seed: int = 0):
    """Writes a noise of a level that its seed decides."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    shape = (round(seconds * rate), channels)
    soundfile.write(path, rng.uniform(-0.5, 0.5, shape), rate)


def table(path: Path, columns: str, rows: list[tuple], delimiter: str = ",") -> None:
    """Writes a table with a header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns.split())
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


def zipped(folder: Path, archive: Path) -> None:
    """A zip of what is in the folder, with its folders."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        for path in sorted(folder.rglob("*")):
            made.write(path, path.relative_to(folder))


def esc50(made: Path, served: Path) -> dict[str, dict[str, str]]:
    """Two clips of three categories in each of the five folds."""
    rows, expected = [], {}
    for fold in range(1, 6):
        for number, category in enumerate(["dog", "rain", "siren"] * 2):
            file = f"{fold}-{1000 + number}-A-{number % 3}.wav"
            wave(made / "ESC-50-master" / "audio" / file, 0.2, seed=fold * 10 + number)
            rows.append((file, fold, number % 3, category, "True", 1000 + number, "A"))
            expected.setdefault(f"fold{fold - 1:02d}", {})[file] = category
    columns = "filename fold target category esc10 src_file take"
    table(made / "ESC-50-master" / "meta" / "esc50.csv", columns, rows)
    zipped(made, served / "ESC-50-master.zip")
    return expected


def fsd50k(made: Path, served: Path) -> dict[str, dict[str, str]]:
    """Clips of their own lengths, in archives of several parts; one is of those left out."""
    dev, evaluation, expected = [], [], {}
    for number, labels in enumerate(["Bark,Dog,Animal", "Rain", "Siren,Alarm", "Rain,Siren"] * 3):
        split = "val" if number % 4 == 0 else "train"
        wave(made / "d" / "FSD50K.dev_audio" / f"{64760 + number}.wav", 0.4 + number / 20)
        dev.append((64760 + number, labels, "/m/x", split))
        place = {"val": "valid", "train": "train"}[split]
        expected.setdefault(place, {})[f"{64760 + number}.wav"] = labels
    wave(made / "d" / "FSD50K.dev_audio" / "83299.wav")
    dev.append((83299, "Rain", "/m/x", "train"))
    for number, labels in enumerate(["Bark,Dog,Animal", "Rain", "Siren,Alarm"]):
        wave(made / "e" / "FSD50K.eval_audio" / f"{37199 + number}.wav", 1.2)
        evaluation.append((37199 + number, labels, "/m/x"))
        expected.setdefault("test", {})[f"{37199 + number}.wav"] = labels
    table(made / "g" / "FSD50K.ground_truth" / "dev.csv", "fname labels mids split", dev)
    table(made / "g" / "FSD50K.ground_truth" / "eval.csv", "fname labels mids", evaluation)
    zipped(made / "g", served / "FSD50K.ground_truth.zip")
    for part, name, size in (("d", "dev", "64k"), ("e", "eval", "128k")):
        archive = served / f"FSD50K.{name}_audio.zip"
        subprocess.run(["zip", "-q", "-r", "-s", size, archive, "."], cwd=made / part, check=True)
    return expected


def nsynth_pitch_5h(made: Path, served: Path) -> dict[str, dict[str, str]]:
    """Notes in the range of a piano and outside of it."""
    expected: dict[str, dict[str, str]] = {}
    for split in ("train", "valid", "test"):
        facts = {}
        for number, pitch in enumerate([20, 21, 60, 72, 108, 109] * 2):
            note = f"bass_synthetic_{number:03d}-{pitch:03d}-050"
            wave(made / split / f"nsynth-{split}" / "audio" / f"{note}.wav", 0.1, 16000)
            facts[note] = {"note_str": note, "pitch": pitch, "velocity": 50, "sample_rate": 16000}
            if 21 <= pitch <= 108:
                expected.setdefault(split, {})[f"{note}.wav"] = str(pitch)
        (made / split / f"nsynth-{split}" / "examples.json").write_text(json.dumps(facts))
        archive = served / f"nsynth-{split}.jsonwav"
        shutil.make_archive(str(archive), "gztar", made / split, f"nsynth-{split}")
    return expected


def crema_d(made: Path, served: Path) -> dict[str, dict[str, str]]:
    """Recordings, the authors' table (which lists one that is not there), and the checksums."""
    rows, lines, expected = [], [], {}
    for number in range(30):
        emotion = ["ANG", "HAP", "SAD"][number % 3]
        name = f"{1001 + number // 6}_{['DFA', 'IEO'][number % 2]}_{emotion}_{number:02d}"
        wave(served / f"{name}.wav", 0.3, 16000, seed=number)
        data = (served / f"{name}.wav").read_bytes()
        url = f"https://media.githubusercontent.com/media/X/AudioWAV/{name}.wav"
        lines.append(f"{url} {len(data)} {hashlib.sha256(data).hexdigest()}\n")
        rows.append((number + 1, name, "A", 0.5))
        expected[f"{name}.wav"] = emotion
    rows.append((31, "1040_ITH_SAD_XX", "S", 0.5))
    (served / "crema_d.txt").write_text("".join(lines))
    path = served / "summaryTable.csv"
    table(path, "x FileName VoiceVote VoiceLevel", rows)
    path.write_text(path.read_text().replace("x,", '"",', 1))
    return {"": expected}


def vocal_imitation(made: Path, served: Path) -> dict[str, dict[str, str]]:
    """Imitations, of which one is not included."""
    rows, expected = [], {}
    root = made / "VocalImitationSet"
    for number in range(18):
        file = f"{number:03d}_000Animal_Dog.wav"
        reference = f"{number % 3:03d}Reference.wav"
        included = int(number != 17)
        folder = "included" if included else "excluded"
        wave(root / "vocal_imitations" / folder / file, 0.4, 44100, seed=number)
        rows.append((file, reference, included))
        if included:
            expected[file] = reference
    table(
        root / "vocal_imitations.txt",
        "imitation_filename reference_filename included",
        rows,
        delimiter="\t",
    )
    zipped(made, served / "VocalImitationSet_v1.1.3.zip")
    return {"": expected}


def libricount(made: Path, served: Path) -> dict[str, dict[str, str]]:
    """Clips whose names begin with the number of speakers, each with a table of who speaks when."""
    expected = {}
    for number in range(30):
        file = f"{[0, 2, 10][number % 3]}_{number}.wav"
        wave(made / "test" / file, 0.2, 16000, seed=number)
        (made / "test" / file).with_suffix(".json").write_text("[]")
        expected[file] = file.split("_")[0]
    zipped(made, served / "LibriCount10-0dB.zip")
    return {"": expected}


def us8k(made: Path, served: Path) -> dict[str, dict[str, str]]:
    """Clips of several rates and channels, in the order of their recordings and not of folds."""
    rows, expected = [], {}
    for number in range(60):
        fold, category = 1 + number * 7 % 10, ["dog_bark", "siren", "drilling"][number % 3]
        file = f"{100000 + number // 2}-{number % 3}-0-{number}.wav"
        path = made / "UrbanSound8K" / "audio" / f"fold{fold}" / file
        wave(path, 0.1 + number / 200, [44100, 48000, 16000][number % 3], 1 + number % 2)
        rows.append((file, 100000 + number // 2, 0.0, 4.0, 1, fold, number % 3, category))
        expected.setdefault(f"fold{fold - 1:02d}", {})[file] = category
    columns = "slice_file_name fsID start end salience fold classID class"
    table(made / "UrbanSound8K" / "metadata" / "UrbanSound8K.csv", columns, rows)
    shutil.make_archive(str(served / "UrbanSound8K"), "gztar", made, "UrbanSound8K")
    return expected


def vivae(made: Path, served: Path) -> dict[str, dict[str, str]]:
    """Eleven speakers; the smaller core set holds copies."""
    expected: dict[str, dict[str, str]] = {}
    for speaker in range(1, 12):
        for emotion in ("anger", "fear", "pain"):
            for intensity in ("low", "peak"):
                file = f"S{speaker:02d}_{emotion}_{intensity}_01.wav"
                wave(made / "VIVAE" / "full_set" / file, 0.2, 44100, seed=speaker)
                wave(made / "VIVAE" / "core_set" / file, 0.2, 44100, seed=speaker)
                expected.setdefault(f"fold{speaker - 1:02d}", {})[file] = emotion
    zipped(made, served / "VIVAE.zip")
    return expected


MAKERS = {
    maker.__name__: maker
    for maker in (
        esc50,
        fsd50k,
        nsynth_pitch_5h,
        crema_d,
        vocal_imitation,
        libricount,
        us8k,
        vivae,
    )
}
"""Task -> what makes its files (folder to work in, folder that is served) and says what is in them:
split -> file -> label; one split without a name where the folds are drawn."""
