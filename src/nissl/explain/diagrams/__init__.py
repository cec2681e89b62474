"""Pictures of models: blocks and neurons."""
