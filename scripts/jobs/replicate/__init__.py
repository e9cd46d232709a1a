"""The examples of torchsynth, rendered by our modules and, where it is installed, by torchsynth.

`kit` says what a set of modules can do, `ours` and `theirs` are the two sets, `examples` wires each
example once for either, `figures` draws them and `job` is what `experiment=synth/replicate`
instantiates.
"""
