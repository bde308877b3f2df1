"""Prediction logs of real models, which the first run opens; ``python -m sample_logs.build`` makes them again."""
