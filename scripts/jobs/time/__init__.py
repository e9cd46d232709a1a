"""How long a search takes, and how much of that is not the scorer's network."""
