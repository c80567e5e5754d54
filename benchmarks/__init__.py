"""What measures Argus from outside. Never imported by the product."""
