"""One page of everything that was run: pictures, tables, players and what the numbers mean."""
