"""unit: fast, no Ray. integration: several parts in process. contract: what clients rely on. e2e: the real thing."""
