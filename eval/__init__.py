"""From audio to numbers: embedders, probes, distances, descriptors, statistics."""
