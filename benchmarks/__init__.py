"""The measured claims, one command each. Does not belong here: anything that the product imports."""
