"""What HEAR and ARCH publish about the eight tasks: how they are split, cut, trained and scored.

HEAR: Turian et al., "HEAR: Holistic Evaluation of Audio Representations", 2022, and the settings of
its hear-preprocess. ARCH: La Quatra et al., "Benchmarking Representations for Speech, Music, and
Acoustic Events", 2024, and its arch_eval. The keys are those of HEAR's task_metadata.json; one of
our own, `validation`, says how ARCH's UrbanSound8K differs from HEAR's folds.
"""

from __future__ import annotations

from typing import Any

__all__ = ["PUBLISHED", "STAND_IN_LABELS", "published_metadata"]

_SCENE: dict[str, Any] = {"embedding_type": "scene", "prediction_type": "multiclass"}
_HEAR_SCORES = ["top1_acc", "mAP", "d_prime", "aucroc"]
# ARCH trains for at most 100 epochs unless told otherwise, where HEAR trains for at most 500.
_ARCH_EPOCHS = {"task_specific_param_grid": {"max_epochs": [100]}}

PUBLISHED: dict[str, dict[str, Any]] = {
    "esc50": {
        **_SCENE,
        "version": "v2.0.0",
        "split_mode": "presplit_kfold",
        "nfolds": 5,
        "sample_duration": 5.0,
        "evaluation": _HEAR_SCORES,
    },
    "fsd50k": {
        **_SCENE,
        "prediction_type": "multilabel",
        "version": "v1.0",
        "split_mode": "trainvaltest",
        "sample_duration": None,
        "evaluation": ["mAP", "d_prime", "aucroc", "top1_acc"],
    },
    "nsynth_pitch_5h": {
        **_SCENE,
        "version": "v2.2.3",
        "split_mode": "trainvaltest",
        "sample_duration": 4.0,
        "evaluation": ["pitch_acc", "chroma_acc"],
        "pitch_range_min": 21,
        "pitch_range_max": 108,
        # 5 hours of training and validation, 80 / 10 / 10, so 4,000, 500 and 500 notes of 4 s.
        "max_task_duration_by_split": {"train": 16000.0, "valid": 2000.0, "test": 2000.0},
    },
    "crema_d": {
        **_SCENE,
        "version": "1.0.0",
        "split_mode": "new_split_kfold",
        "nfolds": 5,
        "sample_duration": 5.0,
        "evaluation": _HEAR_SCORES,
    },
    "vocal_imitation": {
        **_SCENE,
        "version": "v1.1.3",
        "split_mode": "new_split_kfold",
        "nfolds": 3,
        "sample_duration": 11.26,
        "evaluation": ["mAP", "d_prime", "aucroc", "top1_acc"],
    },
    "libricount": {
        **_SCENE,
        "version": "v1.0.0-hear2021",
        "split_mode": "new_split_kfold",
        "nfolds": 5,
        "sample_duration": 5.0,
        "evaluation": _HEAR_SCORES,
    },
    "us8k": {
        **_SCENE,
        "version": "1.0",
        "split_mode": "presplit_kfold",
        "nfolds": 10,
        "sample_duration": None,
        "evaluation": ["top1_acc"],
        "evaluation_params": _ARCH_EPOCHS,
        "validation": {"fraction": 0.2, "random_state": 42},
    },
    "vivae": {
        **_SCENE,
        "version": "1.0",
        "split_mode": "presplit_kfold",
        "nfolds": 11,
        "sample_duration": None,
        "evaluation": ["top1_acc"],
        "evaluation_params": _ARCH_EPOCHS,
    },
}
"""Name of a task -> its metadata."""

STAND_IN_LABELS: dict[str, tuple[str | int, ...]] = {
    "esc50": ("dog", "rain", "siren"),
    "fsd50k": ("Bark", "Rain", "Siren"),
    "nsynth_pitch_5h": (48, 60, 72),
    "crema_d": ("ANG", "HAP", "SAD"),
    "vocal_imitation": ("001Animal.wav", "002Rain.wav", "003Siren.wav"),
    "libricount": (0, 1, 2),
    "us8k": ("dog_bark", "drilling", "siren"),
    "vivae": ("anger", "fear", "pain"),
}
"""A few labels of each task, for its stand-in."""


def published_metadata(task: str) -> dict[str, Any]:
    """The whole task_metadata.json of a task: what is published, its name and its splits' names.

    Raises:
        KeyError: there is no such task.

    >>> published_metadata("vocal_imitation")["splits"]
    ['fold00', 'fold01', 'fold02']
    """
    if task not in PUBLISHED:
        raise KeyError(f"no task {task!r} is published; there are {', '.join(PUBLISHED)}")
    metadata = PUBLISHED[task]
    folds = range(metadata.get("nfolds", 0))
    splits = [f"fold{fold:02d}" for fold in folds] or ["train", "valid", "test"]
    return {"task_name": task, **metadata, "splits": splits}
