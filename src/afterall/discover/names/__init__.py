"""Read what names say: of directories, files, logs and jobs.

Invariant: pure functions of text; nothing here looks at a file.
"""
