"""How the model serves: stacks of failures, promises about latency, load and silences."""
