"""What the core needs of the outside, as Protocols; one capability per file.

May: name a capability, its promises and the errors that may cross. Must not: hold an implementation or name a
technology. May import: machine, model, errors. The adapter and the fake of a port carry its file name.
"""
