"""The `argus` command: starts and stops the service and the UI on this machine.

    main            arguments
      up            the order of things: check, start, wait, announce, stop
        configuration   serve_config.yaml and the environment of `serve run`
        children        one child process: its log, its end
        launches        every process that a start brought about, however it was reparented
        ports           who holds a port
        display         what the terminal shows

Stands outside the service: it starts the service as any user of Ray would and knows it by HTTP only. It imports neither
Ray nor torch, so that it answers at once.
"""
