"""The demo: one command that runs the whole product with a sample organisation and a real repository beside it.

`run` is the command, `story` the people and teams, `provider` their year of deployments and incidents, `views` the
sign-in by one button. Nothing here is loaded unless PLUMBLINE_DEMO is on, which the settings allow with DEBUG only.
"""
