"""What the pages of promises ask for, a module for each part. A form offers only what its user may choose."""
