"""Simulation: how steps end and what people do is given, and the same driver plays the run with it."""
