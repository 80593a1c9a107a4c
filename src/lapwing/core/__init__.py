"""What every app stands on: errors, money, clock, context, registry, state tables, set-based SQL."""
