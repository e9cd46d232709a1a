"""The job of `eval/parameters`: predict a synthesizer's parameters from its sounds' embeddings."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from eval.embedders.base import Embedder
from eval.parameters.disentanglement import (
    Regressor,
    dci,
    importance,
    mutual_information_gap,
    separation,
)
from eval.parameters.prediction import Method, Prediction, predict_parameters
from eval.sounds.base import Clip
from eval.statistics.estimate import Estimate
from scripts.jobs.comparing import counting, play, write_csv
from scripts.jobs.pages import footer, publish
from scripts.jobs.parameters.figures import overview, scatters
from scripts.jobs.picture import png
from scripts.runtime.check import OutputPath
from scripts.runtime.errors import UserError
from scripts.runtime.page import Page
from scripts.sounds.patches import SynthSounds
from synth.base import Synth

if TYPE_CHECKING:
    from scripts.runtime.run import Run

log = logging.getLogger(__name__)

SHOWN = 4  # parameters whose predictions are drawn one by one
ENDS = (0.02, 0.98)  # of the sounds by what is predicted for them


@dataclass(frozen=True)
class Disentangled:
    """How the embedding's numbers hold the parameters: summary, and MIG and SAP of each."""

    summary: dict[str, float]
    mig: Float[np.ndarray, " n_params"]
    sap: Float[np.ndarray, " n_params"]


@dataclass(frozen=True)
class Parameters:
    """Predict the parameters of random patches, and measure disentanglement.

    Writes `parameters.csv`, `modules.csv`, pictures and `index.html` to the run's folder.

    Attributes:
        synth: what plays.
        embedder: what hears.
        n_sounds: patches, uniform in [0, 1].
        method: ridge regression, or nearest neighbours.
        folds: parts of the cross-validation.
        permutations: how many times the parameters are given to other sounds.
        regressor: whose importances DCI uses: lasso or forest.
        bins: of the mutual information; n_sounds must be several hundred for 20 to say much.
        cache: keeps embeddings; None: nowhere.
        page: where a copy of the page goes; None: nowhere.
    """

    synth: Synth
    embedder: Embedder
    n_sounds: int = 2000
    method: Method = "ridge"
    folds: int = 5
    permutations: int = 20
    regressor: Regressor = "lasso"
    bins: int = 20
    cache: OutputPath | None = None
    page: OutputPath | None = None

    def __call__(self, run: "Run") -> dict[str, float]:
        """Render, embed, predict, write everything, and give R2 and the measures."""
        if self.n_sounds < max(2 * self.folds, 12, self.bins):
            raise UserError(
                f"n_sounds is {self.n_sounds}: at least {max(2 * self.folds, 12, self.bins)} are "
                "needed for so many folds and bins"
            )
        sounds = SynthSounds(self.synth, self.n_sounds, run.seed)
        names = tuple(parameter.name for parameter in self.synth.parameters)
        vectors, rows = self._embedded(run, sounds)
        theta = sounds.theta(rows.tolist()).astype(np.float64)
        with run.progress(self.folds, f"predicting {len(names)} parameters") as bar:
            prediction = predict_parameters(
                vectors,
                theta,
                names,
                self.method,
                self.folds,
                self.permutations,
                run.seed,
                lambda done: bar.update(1),
            )
        held = self._disentangled(vectors, theta, prediction, run.seed)
        self._write_tables(run, prediction, held)
        self._write_page(run, sounds, rows, theta, prediction, held)
        metrics = prediction.mean.metrics("r2")
        metrics["known"] = len(prediction.known) / len(names)
        for module, r2 in prediction.modules.items():
            metrics |= r2.metrics(f"r2/{module}")
        metrics |= {f"r2/{name}": r2.value for name, r2 in zip(names, prediction.r2, strict=True)}
        return metrics | held.summary | {"left_out": float(self.n_sounds - len(rows))}

    def _embedded(
        self, run: "Run", sounds: SynthSounds
    ) -> tuple[Float[np.ndarray, "n dimension"], np.ndarray]:
        from eval.embedding import embed

        with counting(run, len(sounds), f"listening with {self.embedder.name}") as of_set:
            found = embed(sounds, self.embedder, self.cache, progress=of_set(sounds.name))
        rows = found.readable
        return np.asarray(found.vectors[rows], np.float64), rows

    def _disentangled(
        self,
        vectors: Float[np.ndarray, "n dimension"],
        theta: Float[np.ndarray, "n n_params"],
        prediction: Prediction,
        seed: int,
    ) -> Disentangled:
        """Measure over the parameters that are known, and at least the two best.

        A sparse regression of a parameter that cannot be heard picks a few numbers by chance, which
        would look like disentanglement.
        """
        n_known = max(2, len(prediction.known))
        known = sorted(map(prediction.names.index, _best(prediction, n_known)))
        log.info("measuring disentanglement of %d parameters", len(known))
        weights = importance(vectors, theta[:, known], self.regressor, seed=seed)
        found = dci(weights.weights)
        mig = mutual_information_gap(vectors, theta, self.bins)
        sap = separation(vectors, theta)
        summary = {
            "dci/disentanglement": found.disentanglement,
            "dci/completeness": found.completeness,
            "dci/informativeness": float(np.mean(weights.r2)),
            "mig": float(np.mean(mig[known])),
            "sap": float(np.mean(sap[known])),
            "disentanglement_parameters": float(len(known)),
        }
        return Disentangled(summary, mig, sap)

    def _write_tables(self, run: "Run", prediction: Prediction, held: Disentangled) -> None:
        known = set(prediction.known)
        rows = zip(
            prediction.names, prediction.r2, prediction.chance, held.mig, held.sap, strict=True
        )
        write_csv(
            run,
            "parameters.csv",
            ["parameter", "r2", "r2_low", "r2_high", "chance", "known", "mig", "sap"],
            (
                [name, r2.value, r2.low, r2.high, float(chance), name in known, *map(float, gaps)]
                for name, r2, chance, *gaps in rows
            ),
        )
        write_csv(
            run,
            "modules.csv",
            ["module", "r2", "r2_low", "r2_high"],
            ([name, r2.value, r2.low, r2.high] for name, r2 in prediction.modules.items()),
        )

    def _write_page(
        self,
        run: "Run",
        sounds: SynthSounds,
        rows: np.ndarray,
        theta: Float[np.ndarray, "n n_params"],
        prediction: Prediction,
        held: Disentangled,
    ) -> None:
        n_params = len(prediction.names)
        page = Page(
            f"What {self.embedder.name} knows of a synthesizer",
            f"{len(rows):,} random patches of {sounds.name}, which has {n_params} parameters. Each "
            f"parameter is predicted from the embedding ({self.method}, {self.folds} folds). 1 is "
            "always right, 0 no better than the mean.\n\n"
            f"{len(prediction.known)} of {n_params} parameters are known for sure: their whole "
            f"interval lies above 0 and above the best of {self.permutations} attempts with "
            "parameters of other sounds.",
            footer=footer(run),
        )
        figure = overview(prediction)
        run.tracker.figure("parameters", figure)
        page.figure(
            png(run, "parameters.png", figure),
            f"R2 of each parameter of {sounds.name}, predicted from {self.embedder.name}",
            "Orange parameters are known; lines are 95 % intervals over sounds.",
        )
        best = _best(prediction, SHOWN)
        figure = scatters(theta, prediction, best)
        run.tracker.figure("best", figure)
        page.figure(
            png(run, "best.png", figure), f"Predicted over true values of {', '.join(best)}"
        )
        page.table(
            ["module", "mean R2 of its parameters"],
            [[module, str(r2)] for module, r2 in self._by_value(prediction)],
            "By module",
        )
        page.section(
            "Does a number of the embedding mean one parameter?",
            "Disentanglement: a number counts for one parameter alone. Completeness: a parameter "
            "is held by one number alone. Both are 1 for the parameters themselves and 0 where "
            "everything is mixed. MIG and SAP: what the best number knows of a parameter more "
            "than the second best, by mutual information and by R2. All of the parameters that are "
            "known, at least of the two best.",
        )
        page.table(["measure", "value"], [[name, value] for name, value in held.summary.items()])
        page.section(
            "Hear it",
            "Sounds for which the embedding says low and high, for the parameters it knows best.",
        )
        for name in best:
            self._card(page, sounds, rows, theta, prediction, name)
        publish(run, page, self.page)

    def _card(
        self,
        page: Page,
        sounds: SynthSounds,
        rows: np.ndarray,
        theta: Float[np.ndarray, "n n_params"],
        prediction: Prediction,
        name: str,
    ) -> None:
        place = prediction.names.index(name)
        guess = prediction.predicted[:, place]
        order = np.argsort(guess, kind="stable")
        card = page.card(name, badge=f"R2 {prediction.r2[place].value:.2f}", wide=True)
        for end, share in zip(("low", "high"), ENDS, strict=True):
            row = int(order[round(share * (len(order) - 1))])
            (clip,) = sounds.clips([int(rows[row])])
            assert isinstance(clip, Clip)
            said = f"said to be {end}: {guess[row]:.2f}, is {theta[row, place]:.2f}"
            play(card, clip, said)

    def _by_value(self, prediction: Prediction) -> list[tuple[str, Estimate]]:
        return sorted(
            prediction.modules.items(), key=lambda item: -np.nan_to_num(item[1].value, nan=-np.inf)
        )


def _best(prediction: Prediction, n: int) -> list[str]:
    """The parameters that are predicted best, at most n."""
    values = np.nan_to_num([r2.value for r2 in prediction.r2], nan=-np.inf)
    order = np.argsort(-values, kind="stable")[:n]
    return [prediction.names[place] for place in order]
