"""Datapath parts that several unit families share."""
