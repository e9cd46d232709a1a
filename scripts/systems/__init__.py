"""Systems that make sounds for prompts: our searches, other models, folders of files."""
