"""The parent of all steps of one run tree: a program of its own that outlives the command line.

May import: the standard library, `host.py`, and nothing else, for it is started without site-packages (`-I -S`).
It decides nothing about a run: it starts what it is told to, keeps deadlines, and writes what it saw into the journal.
Every line of the journal is on disk (in the page cache) before the client hears of it, so a client that died misses nothing.
"""
