"""What a browser session knows and the events that change it.

Every public method of a State can be called by any client, so whatever is not an event starts with an underscore.
"""
