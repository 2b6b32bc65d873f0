"""What every object shares: names of types, metadata, selectors, quantities, conditions. Pure computation."""
