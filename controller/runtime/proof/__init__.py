"""Proof: what is left of a run tree, and whether it is what once happened. Offline; nothing is trusted before it is hashed."""
