"""Signals are as after a fresh login, however the tests were started.

Background jobs of a shell ignore Ctrl-C, `nohup` ignores SIGHUP, and every program that a test starts would inherit it.
"""

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
