"""What every library needs and none owns: files, audio, arrays between frameworks, checkpoints."""
