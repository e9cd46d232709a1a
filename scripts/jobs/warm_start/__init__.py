"""The job of `ctag/warm_start`: searches that begin where others ended, or a predictor says."""
