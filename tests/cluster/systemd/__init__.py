"""Tests of what an admin installs, under a real systemd that is pid 1 of a second machine."""
