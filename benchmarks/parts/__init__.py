"""What the benchmarks over HTTP share; the programs themselves lie one folder up."""
