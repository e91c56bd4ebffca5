"""The scorecard: the records of a scope turned into rows, the six indicators from them, and their pages."""
