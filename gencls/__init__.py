"""gencls: labelled text in, a generative classifier out. The library behind the stages; nothing happens on import."""
