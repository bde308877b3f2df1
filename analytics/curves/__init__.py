"""Curves and tables behind the metrics: small arrays that a chart can draw as they are."""
