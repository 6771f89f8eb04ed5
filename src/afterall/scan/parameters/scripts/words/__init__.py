"""Take a script's text apart into commands and words as a shell does; all of it pure."""
