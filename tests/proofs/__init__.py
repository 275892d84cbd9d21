"""Proofs that take minutes, each run by a command of its own; the tests run a little of each."""
