"""Project: the rows that decoded logs write.

A projection is one file with its tables and a `Projection` that says which event writes which row; `registry` names all
of them. Rows are inserted only, each keyed by its log, so undoing a block is deleting its rows. What is not a row of a
log, such as the balance of a token's holder, is a `Fold` over rows.
"""
