"""Tests: a folder for each room, named by behaviour; `support` is what several rooms need."""
