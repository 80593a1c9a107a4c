"""A second opinion on the rules: an oracle over plain rows and a generator of bases close to every boundary.

Nothing here knows the product: the rules are written a second time, so that one mistake is seldom made twice.
"""
