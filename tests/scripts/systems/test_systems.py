"""Systems find or make sounds for every prompt, or say what is missing."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from ctag.prompts import PromptSet
from eval.harness import audio
from eval.sounds.arrays import ArraySounds
from eval.tasks.base import Fold, Task
from scripts.runtime.errors import UserError
from scripts.runtime.source import Source
from scripts.systems.audiogen import AudioGen
from scripts.systems.audioldm import AudioLdm
from scripts.systems.base import System
from scripts.systems.folder import PromptFolder
from scripts.systems.generated import generated, seed_of
from scripts.systems.recordings import Recordings
from scripts.systems.search_runs import SearchRuns
from synth.patch import Patch
from tests.scripts.jobs.sets_of_sounds import plain_run
from tests.scripts.jobs.small_synth import SYNTH

PROMPTS = PromptSet(["Sea waves", "Dishes, pots, and pans"])


def tone(hz=440.0):
    return (0.1 * np.sin(2 * np.pi * hz * np.arange(800) / 8000)).astype(np.float32)


def write(path, hz=440.0):
    audio.write(path, tone(hz), 8000)


def test_every_system_is_one():
    source = Source("ctag/search")
    for system in (PromptFolder("x"), AudioGen(None), AudioLdm(None), SearchRuns(source)):
        assert isinstance(system, System)


def test_files_are_known_by_their_prompts_however_they_are_numbered(tmp_path):
    for name in ("sea_waves-1.wav", "02-Sea Waves.wav", "dishes-pots-and-pans.wav", "rain.wav"):
        write(tmp_path / name)
    write(tmp_path / "Dishes, pots, and pans" / "any name.wav")
    (tmp_path / "sea waves 3.txt").write_text("no sound")
    found = PromptFolder(tmp_path).sounds(plain_run(tmp_path), PROMPTS, 2)
    assert found.labels == ("Sea waves",) * 2 + ("Dishes, pots, and pans",) * 2
    assert set(found.sounds.files[:2]) == {"sea_waves-1.wav", "02-Sea Waves.wav"}
    with pytest.raises(UserError, match=r"3 sounds of every prompt.*Sea waves \(2\)"):
        PromptFolder(tmp_path).sounds(plain_run(tmp_path), PROMPTS, 3)
    with pytest.raises(UserError, match="there is no folder"):
        PromptFolder(tmp_path / "nowhere").sounds(plain_run(tmp_path), PROMPTS, 1)


def test_a_label_that_ends_in_a_number_keeps_it(tmp_path):
    write(tmp_path / "area 51.wav")
    found = PromptFolder(tmp_path).sounds(plain_run(tmp_path), PromptSet(["Area 51"]), 1)
    assert found.sounds.files == ("area 51.wav",)


def test_recordings_bear_the_prompts_labels(tmp_path):
    sounds = ArraySounds("task", [tone(hz) for hz in (100, 200, 300)], 8000.0)
    fold = Fold("one", (0, 1), (), (2,))
    vocabulary = ("rain", "sea_waves", "dishes_pots_and_pans")
    task = Task("t", sounds, ((1,), (2,), (1,)), vocabulary, "multiclass", ("top1_acc",), (fold,))
    source = SimpleNamespace(name="t", load=lambda: task)
    found = Recordings(source).sounds(plain_run(tmp_path), PROMPTS, 1)
    assert found.labels == ("Sea waves", "Sea waves", "Dishes, pots, and pans")
    waves = [clip.wave for clip in found.sounds.clips(range(3))]
    np.testing.assert_array_equal(waves, [tone(100), tone(300), tone(200)])
    with pytest.raises(UserError, match="no label 'siren'"):
        Recordings(source).sounds(plain_run(tmp_path), PromptSet(["siren"]), 1)


def test_generated_sounds_are_made_once_each_from_its_own_seed(tmp_path):
    asked = []

    def start():
        def make(text, seed):
            asked.append((text, seed))
            return np.full(100, 2.0, np.float32), 16000.0

        return make

    prompts = PromptSet(["rain", "Airplane"], style="template")
    run = plain_run(tmp_path)
    first = generated(run, prompts, 2, "model", start)
    assert [text for text, _ in asked] == ["Sound of a rain"] * 2 + ["Sound of an airplane"] * 2
    assert len({seed for _, seed in asked}) == 4
    assert asked[1][1] == seed_of("Sound of a rain", 1, run.seed)
    (tmp_path / "sounds/model/airplane-0.wav").unlink()
    before = len(asked)
    again = generated(run, prompts, 2, "model", start)
    assert asked[before:] == [asked[2]], "only what was missing"
    assert again.sounds.identity == first.sounds.identity
    assert first.sounds.clips([0])[0].wave.max() == 1, "never beyond full scale"


@pytest.mark.parametrize("system", [AudioGen, AudioLdm])
def test_models_that_are_not_there_are_one_clear_error(system, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", SimpleNamespace(AudioLDMPipeline=None))
    with pytest.raises(UserError, match=r"system\.weights: no"):
        system(tmp_path).sounds(plain_run(tmp_path), PROMPTS, 1)
    stand_in = system(None, assets="stand_in").sounds(plain_run(tmp_path), PROMPTS, 1)
    assert len(stand_in.sounds) == 2


def test_without_diffusers_the_error_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(UserError, match="pip install diffusers"):
        AudioLdm(tmp_path).sounds(plain_run(tmp_path), PROMPTS, 1)


def test_a_pipeline_of_diffusers_is_asked_with_the_seed_and_the_length():
    asked = {}

    def pipeline(text, **settings):
        asked.update(settings, text=text)
        return SimpleNamespace(audios=np.zeros((1, 160)))

    wave, rate = AudioLdm(None, steps=7).sampling(pipeline)("rain", 5)
    assert (wave.shape, rate) == ((160,), 16000.0)
    assert asked["generator"].initial_seed() == 5
    assert (asked["text"], asked["audio_length_in_s"]) == ("rain", 5.12)
    assert asked["num_inference_steps"] == 7
    assert "guidance_scale" not in asked


@pytest.mark.slow
def test_the_architecture_of_audiogen_makes_sounds_of_the_length_asked_for():
    """transformers' MusicGen with small random parts: EnCodec, T5 and the decoder."""
    import torch
    from transformers import (
        BatchEncoding,
        EncodecConfig,
        MusicgenConfig,
        MusicgenDecoderConfig,
        MusicgenForConditionalGeneration,
        T5Config,
    )

    text = T5Config(vocab_size=99, d_model=16, d_ff=16, d_kv=8, num_layers=1, num_heads=2)
    codec = EncodecConfig(
        target_bandwidths=[2.0], sampling_rate=16000, num_filters=4, upsampling_ratios=[8, 5, 4, 2],
        hidden_size=16, codebook_size=64, codebook_dim=16, num_lstm_layers=1, num_residual_layers=1,
    )  # fmt: skip
    decoder = MusicgenDecoderConfig(
        vocab_size=64, hidden_size=16, ffn_dim=16, num_hidden_layers=1, num_attention_heads=2,
        num_codebooks=4, pad_token_id=64, bos_token_id=64,
    )  # fmt: skip
    config = MusicgenConfig(
        text_encoder=text.to_dict(), audio_encoder=codec.to_dict(), decoder=decoder.to_dict()
    )
    torch.manual_seed(0)
    model = MusicgenForConditionalGeneration(config).eval()
    for layer in model.audio_encoder.quantizer.layers:
        layer.codebook.embed.normal_()  # at first all of them are the same
    model.generation_config.pad_token_id = 64
    model.generation_config.decoder_start_token_id = 64

    def tokenizer(texts, **settings):
        ids = torch.tensor([[len(texts[0]) % 90 + 1, 2, 1]])
        return BatchEncoding({"input_ids": ids, "attention_mask": torch.ones_like(ids)})

    make = AudioGen(None, seconds=0.5, top_k=10).sampling(model, tokenizer)
    first, rate = make("rain", 3)
    assert rate == 16000
    assert first.shape == (8000,)
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, make("rain", 3)[0])
    assert not np.array_equal(first, make("rain", 4)[0])


def test_searches_are_read_a_seed_at_a_time(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    thetas = {}
    for seed in (0, 1):
        for number, label in enumerate(["Sea waves", "Dishes, pots, and pans", "not asked for"]):
            stem = f"{number + 1:02d}-x"
            theta = rng.uniform(size=SYNTH.n_params).astype(np.float32)
            thetas[label, seed] = theta
            patch = tmp_path / f"run-{seed}/patches/{stem}.yaml"
            patch.parent.mkdir(parents=True, exist_ok=True)
            Patch.from_theta(SYNTH, theta, name=label).save(patch)
            write(tmp_path / f"run-{seed}/sounds/{stem}.wav", 100 * (number + 1) + seed)

    def folder(source, config, *files):
        seed = source.overrides[-1].removeprefix("seed=")
        if int(seed) > 1:
            raise UserError("has not been run; run: COMMAND seed=" + seed)
        return SimpleNamespace(path=tmp_path / f"run-{seed}")

    monkeypatch.setattr(Source, "folder", folder)
    system = SearchRuns(Source("ctag/search", ("prompts=demo",)), (0, 1, 2))
    found = system.found(plain_run(tmp_path), PROMPTS, 2)
    assert [(one.label, one.seed) for one in found] == [
        (label, seed) for label in PROMPTS.labels() for seed in (0, 1)
    ]
    np.testing.assert_array_equal(found[1].load().theta()[0], thetas["Sea waves", 1])
    sounds = system.sounds(plain_run(tmp_path), PROMPTS, 2)
    np.testing.assert_array_equal(sounds.sounds.clips([3])[0].wave, tone(201))
    with pytest.raises(UserError, match="COMMAND seed=2"):
        system.found(plain_run(tmp_path), PROMPTS, 3)
    with pytest.raises(UserError, match="as many seeds"):
        system.found(plain_run(tmp_path), PROMPTS, 4)
    with pytest.raises(UserError, match="fewer of siren"):
        system.found(plain_run(tmp_path), PromptSet(["siren"]), 1)
