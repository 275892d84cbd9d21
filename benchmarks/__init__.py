"""Measurements. Each prints one JSON line a figure: bench, metric, value, unit, n, command."""
