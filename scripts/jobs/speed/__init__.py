"""Rendering speed of our synthesizer beside SynthAX and torchsynth.

`libraries` puts each library behind one small interface (`renderers`, `peers`, `probes`), `cell`
measures one of them in a process of its own, `launch` starts that process and says how it ended,
`schedule` orders the cells in interleaved rounds, `summary` turns them into medians, ratios and
limits, `figures`, `goals` and `report` show them, and `job` is what `experiment=synth/speed`
instantiates. This file imports nothing, since `python -m scripts.jobs.speed.cell` must set its
environment before JAX or torch is loaded.
"""
