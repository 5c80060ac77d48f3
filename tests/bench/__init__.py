"""What does it cost? Measured beside other programs in one run, because only ratios mean the same on every machine.

`make bench`, or `python -m tests.bench [NAME...]`; never inside pytest, whose machinery and neighbours cost time too. Every
measure is a module of its own with a function `measure(workshop) -> Measured`.
"""
