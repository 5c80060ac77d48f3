"""Programs for people who work on Libretto; none is part of what is installed."""
