"""The job of `eval/probe`: an embedder on a task. `report` writes, `figures` draws."""
