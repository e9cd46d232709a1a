"""Jobs: what an experiment's `job._target_` names, one module a family.

A job is a dataclass whose fields are its settings (checked against their annotations before it is
built) and whose `__call__(run)` does the work and returns metrics, a dict of names to numbers.
"""
