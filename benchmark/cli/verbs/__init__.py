"""The verbs of the command line, one file each: `command` is what the program runs."""
