"""The checker of annotations that the tests put on every function of the libraries.

pytest's option --jaxtyping-packages in pyproject.toml names it; shapes are jaxtyping's part. An int
passes where a float is asked for (the numeric tower of PEP 484), as type checkers see it.
"""

from beartype import BeartypeConf, beartype

check = beartype(conf=BeartypeConf(is_pep484_tower=True))
