"""Training of the reader: data, network, loop, export. Needs the extra `train`."""
