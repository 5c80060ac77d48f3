"""Do a real run and a simulation of it mean the same?"""
