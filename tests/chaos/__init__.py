"""Random kills under load: every process of the desk dies at any moment, and no effect happens twice or is lost."""
