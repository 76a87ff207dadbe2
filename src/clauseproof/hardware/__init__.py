"""Sans-I/O verifiers of hardware evidence: bytes, trust anchors and a time in; facts or a precise rejection out."""
