"""All input and output towards the deployment: a subject in, facts out, no opinion."""
