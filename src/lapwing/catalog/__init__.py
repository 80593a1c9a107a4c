"""Owns what can be sold and how: products, plans, schemes, frequencies, binding, types, action types, providers."""
