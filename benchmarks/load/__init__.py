"""Load tests with a shape: a scenario in, one report with one picture out. `make load SCENARIO=spike` is their door."""
