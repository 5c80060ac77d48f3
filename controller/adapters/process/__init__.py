"""StepRunner by processes of this machine, under one supervisor process per run tree.

    runner.py        the port; with staging, link, trace, orphans, results and logs it lives in Libretto's own process
    supervisor/      a program of its own, parent of all steps; started with `-I -S`, so standard library only
    host.py          what both must know of the operating system; standard library only as well

The two sides share no memory but a folder, `runs/<root>/`: layout.py names what lies in it.
"""
