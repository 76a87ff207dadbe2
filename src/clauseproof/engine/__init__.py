"""Registry, plan, observe, judge: knows nothing of pytest, of the command line or of any family of facts."""
