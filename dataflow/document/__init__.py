"""pipelines.yaml as a person wrote it: tree, settings, declarations, and all that can be wrong with them."""
