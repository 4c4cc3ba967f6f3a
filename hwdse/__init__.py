"""hwdse: hardware cost model and design-space explorer for low-precision arithmetic."""

__version__ = "0.1.0"
