"""Search strategies: evosax algorithms behind ask and tell on [0, 1]^n, with bounds of our own."""
