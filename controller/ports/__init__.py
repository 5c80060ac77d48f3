"""The few things that the core needs of the outside, one Protocol per file.

May: declare Protocols over model types, and the errors that may cross the border. Must not: implement anything.
The file name of a port is the file name of its fake in `tests/fakes/` and of its contract suite
`tests/contract/test_<port>.py`. May import: model, errors.
"""
