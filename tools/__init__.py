"""Programs for people who work on Libretto; none is part of what is installed."""

from controller.model import documentation

documentation.want()
