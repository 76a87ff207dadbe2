"""Reports for people and for machines. Every one of them is drawn from a run's ledger and from nothing else."""
