"""What `synth.patch` is made of: the file format, importers, interpolation and export."""
