"""The indexer: every fact of the chain exactly once, through any reorg.

A log passes through the stages in the order of the modules: `fetch`, `reorg`, `decode`, `project`, `publish`.
"""
