"""Owns the mechanism of mass runs: definitions with versions, schedules, frozen lists, batches, brake, approval,
undo. It knows subjects, owners and amounts by kind and number only; what they are, a run kind says.
"""
