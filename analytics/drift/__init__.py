"""Tests of one column against its reference, one method a file (``TEST`` for numbers, ``LEVELS``
or ``TEST`` for categories). ``bins`` holds what several of them share and declares nothing.
"""
