"""What the library costs, each question against the way people do it otherwise: `make bench`. One file a question."""
