"""Data quality checks, one a file, each ending with its ``CHECK``. ``compare`` holds what several
of them share and declares nothing.
"""
