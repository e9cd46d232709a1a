"""Runs an experiment: `python -m scripts.run experiment=ctag/demo scale=smoke`.

Every value of the configuration can be set on the command line (`job.iterations=100`), `--help`
lists the groups, `--cfg job` prints the configuration, `-m seed=0,1,2` sweeps. A run that is done
is skipped, one that was interrupted goes on; `rerun=true` begins anew.
"""

from scripts.runtime.main import main

if __name__ == "__main__":
    raise SystemExit(main())
