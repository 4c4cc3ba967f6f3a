"""Loss per layer and format: the accuracy proxy that an allocation minimises."""
