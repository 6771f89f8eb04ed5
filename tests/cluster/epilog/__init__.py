"""Tests of the whole way from the hook as Epilog through one worker, which all of them share."""
