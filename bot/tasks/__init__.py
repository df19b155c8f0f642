"""Which tasks there are: whose, where, how they stand, and who may see them."""
