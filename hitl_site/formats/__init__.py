"""How dates are written where a template or the admin does not say."""
