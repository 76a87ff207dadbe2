"""Writes, reads, signs and verifies run directories; carries any family of facts and knows none."""
