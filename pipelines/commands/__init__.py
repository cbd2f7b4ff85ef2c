"""The commands of `savoir`, a module per group of them. What each does lives elsewhere."""
