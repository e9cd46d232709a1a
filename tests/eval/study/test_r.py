"""Mixed models and contrasts against R's lme4 and emmeans, where they are installed."""

import csv
import shutil
import subprocess

import numpy as np
import pytest

from eval.study.contrasts import contrasts
from eval.study.linear import fit_linear, indicators
from eval.study.logistic import fit_logistic

SCRIPT = """
suppressMessages({library(lme4); library(lmerTest); library(emmeans)})
emm_options(lmer.df = "satterthwaite")
args <- commandArgs(trailingOnly = TRUE)
d <- read.csv(args[1], stringsAsFactors = TRUE)
d$system <- factor(d$system, levels = c("a", "b", "c"))
show <- function(model, name, ...) {
  means <- emmeans(model, "system")
  pairs <- contrast(means, "revpairwise", adjust = "bonferroni")
  test <- summary(pairs, infer = c(TRUE, TRUE), ...)
  test <- as.data.frame(test)[names(test) != "null"]
  names(test) <- c("contrast", "estimate", "SE", "df", "low", "high", "statistic", "p")
  test$model <- name
  test
}
glm <- glmer(correct ~ system + (1 | person) + (1 | prompt), d, family = binomial,
             control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9),
                                    tolPwrss = 1e-13))
lm <- lmer(rating ~ system + (1 | person) + (1 | prompt), d)
out <- rbind(show(glm, "odds", type = "response"), show(lm, "rating"))
write.csv(out, args[2], row.names = FALSE)
names <- c("glm_person", "glm_prompt", "lm_person", "lm_prompt", "lm_rest", "deviance")
rest <- data.frame(name = names,
  value = c(attr(VarCorr(glm)$person, "stddev"), attr(VarCorr(glm)$prompt, "stddev"),
            attr(VarCorr(lm)$person, "stddev"), attr(VarCorr(lm)$prompt, "stddev"), sigma(lm),
            -2 * as.numeric(logLik(glm))))
write.csv(rest, args[3], row.names = FALSE)
"""
PACKAGES = (
    'q(status = !all(sapply(c("lme4", "lmerTest", "emmeans"), requireNamespace, quietly = TRUE)))'
)


def has_r():
    program = shutil.which("Rscript")
    if program is None:
        return False
    return (
        subprocess.run([program, "-e", PACKAGES], capture_output=True, check=False).returncode == 0
    )


def answers(seed, unbalanced):
    """Ten people, ten prompts, three systems, two sounds each."""
    rng = np.random.default_rng(seed)
    person, prompt, system, _ = (
        axis.ravel() for axis in np.meshgrid(*map(np.arange, (10, 10, 3, 2)), indexing="ij")
    )
    lift = rng.normal(0, 0.5, 10)[person] + rng.normal(0, 0.9, 10)[prompt]
    odds = np.array([0.5, -0.8, 0.3])[system] + lift
    correct = (rng.uniform(size=odds.size) < 1 / (1 + np.exp(-odds))).astype(float)
    rating = np.array([3.5, 3.0, 3.1])[system] + lift / 2 + rng.normal(0, 1, odds.size)
    rows = (
        np.arange(odds.size)
        if not unbalanced
        else np.flatnonzero(rng.uniform(size=odds.size) < 0.7)
    )
    columns = {"person": person, "prompt": prompt, "system": np.array(list("abc"))[system]}
    columns |= {"correct": correct, "rating": rating}
    return {name: values[rows] for name, values in columns.items()}


@pytest.mark.slow
@pytest.mark.parametrize("unbalanced", [False, True])
def test_contrasts_are_those_of_lme4_and_emmeans(unbalanced, tmp_path):
    if not has_r():
        pytest.skip(
            "Rscript with lme4, lmerTest and emmeans is not installed (Debian: r-base-core, "
            "r-cran-lme4, r-cran-lmertest, r-cran-emmeans)"
        )
    data = answers(7, unbalanced)
    with (tmp_path / "data.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(data)
        writer.writerows(zip(*(values.tolist() for values in data.values()), strict=True))
    (tmp_path / "fit.R").write_text(SCRIPT)
    names = [str(tmp_path / name) for name in ("fit.R", "data.csv", "contrasts.csv", "rest.csv")]
    done = subprocess.run(["Rscript", *names], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "contrasts.csv").open(newline="") as file:
        theirs = list(csv.DictReader(file))
    with (tmp_path / "rest.csv").open(newline="") as file:
        rest = {row["name"]: float(row["value"]) for row in csv.DictReader(file)}
    groups = [data["person"], data["prompt"]]
    design = indicators(data["system"])
    logistic = fit_logistic(data["correct"], design, groups)
    linear = fit_linear(data["rating"], design, groups)
    ours = contrasts("abc", logistic.coefficients, logistic.covariance, odds=True)
    ours += contrasts("abc", linear.coefficients, linear.covariance, linear.freedom)
    assert logistic.converged
    assert linear.converged
    assert rest["deviance"] - 1e-5 < logistic.deviance < rest["deviance"] + 1e-5
    found = [*logistic.deviations, *linear.deviations, linear.rest]
    np.testing.assert_allclose(found, list(rest.values())[:5], rtol=2e-3)
    for one, row in zip(ours, theirs, strict=True):
        assert (
            row["contrast"].replace(" / ", "-").replace(" - ", "-") == f"{one.first}-{one.second}"
        )
        values = [one.estimate, one.error, one.low, one.high, one.statistic, one.p]
        wanted = [float(row[name]) for name in ("estimate", "SE", "low", "high", "statistic", "p")]
        np.testing.assert_allclose(values, wanted, rtol=1e-3, atol=1e-6)
        if np.isfinite(float(row["df"].replace("Inf", "inf"))):
            assert one.freedom == pytest.approx(float(row["df"]), rel=1e-3)
            if not unbalanced:
                assert one.freedom == pytest.approx(579, abs=0.5), "as the thesis has it"
