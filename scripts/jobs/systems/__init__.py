"""The job that measures the sounds of a system: CLAP scores, descriptors, what classifiers hear."""
