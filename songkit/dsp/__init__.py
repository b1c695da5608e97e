"""Pure functions of arrays and their compiled kernels, one DSP idea per file.

Importing a file of this room loads numba or scipy: models and commands import it only where they start to work.
"""
