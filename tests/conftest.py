"""The same for all tests, however and wherever they were started.

Signals are as after a fresh login: background jobs of a shell ignore Ctrl-C, `nohup` ignores SIGHUP, and every program that a
test starts would inherit it. No property is timed: how long an example takes says what else the machine does.
Generated documents are compared, so the models of this process know what is written about their fields.
"""

import signal

from hypothesis import HealthCheck, settings

from controller.model import documentation

documentation.want()

settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
