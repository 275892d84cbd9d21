"""Fetch: headers and logs from several nodes, believed only where they fit together.

`http_node` speaks to one node; `answers` reads what it says; `refusals` and `ranges` learn from what it refuses;
`fetcher` proves that nothing is missing; `nodes` chooses between several; `ahead` reads on while a step is stored.
"""
