"""The ways in: words of the outside become calls, results become words.

May: parse arguments, show results, map errors to exit codes. Must not: decide, or reach past wiring to an adapter of
its own choice. May import: everything below.
"""
