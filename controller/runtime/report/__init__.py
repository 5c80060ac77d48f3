"""Reports: a run tree told to people and programs, out of evidence that was verified first. Pure: no file, no clock."""
