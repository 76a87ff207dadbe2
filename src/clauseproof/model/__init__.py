"""The nouns, the marks and the fold: no I/O, no third-party SDK."""
