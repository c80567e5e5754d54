"""`argus classify`: files in, answers out; a client like any other, for people and scripts.

    job             what is opened, run and closed; the exit status
      inputs            arguments --> names of image files
      run               names --> answers, through argus_client; Ctrl-C, and when to stop
        progress            what the terminal shows meanwhile
      destinations      every place that rows go to
        outputs             files that rows are added to, and what earlier runs left in them
        table               a table at the end
          rows                  answer --> a row of CSV, a line of JSON

The command's options are in `serve_app.cli.commands.classify`.
"""
