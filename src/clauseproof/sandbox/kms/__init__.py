"""Key management services that speak the real wire protocols on loopback, honest or bent on request."""
