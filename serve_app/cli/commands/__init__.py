"""One module a command: its arguments, its help, its examples. What it does is in the modules of `serve_app.cli`.

Each has `command`, named in `argus` as the module is, and EXAMPLES, which end its --help. All are imported for
`argus --help`, so they import nothing slow: what a command needs is imported when it runs.
"""
