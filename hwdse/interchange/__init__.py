"""Figures in the files that other tools read: Accelergy, accelforge, SCALE-Sim, and tables."""
