"""Thousands of designs: a space of specs, technologies and clocks, costed by many processes."""
