"""Kinds of the ``convert`` family, of the same names as in ``hwdse.pe.converters``."""
