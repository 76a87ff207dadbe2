"""Key services, one set of modules per provider, all giving the same facts."""
