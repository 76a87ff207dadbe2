"""Hooks clauseproof into pytest here; the place where a deployment customises it.

`pytest checks --profile profiles/example.yaml` collects the claims of a profile. The plugin is also registered by its
entry point wherever clauseproof is installed; naming it here lets a checkout work the same way.
"""

pytest_plugins = ["clauseproof.plugin"]
