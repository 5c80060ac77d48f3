"""Forecast: what a run would do, step by step, as far as it can be known before it begins. Nothing is started or stored."""
