"""Reads a vendor's profile and says, with file, line and column, everything that is wrong with it."""
