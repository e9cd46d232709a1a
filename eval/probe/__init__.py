"""What a vector knows: probes fitted on embeddings, and the scores of what they say."""
