"""What `bench.engine` measures, one kind of measure a module; all but speed and memory on rendered frames."""
