"""Kinds of the ``convert`` family: each module has an example, a spec and its reference."""
