"""`argus classify`: files in, answers out; a client like any other, for people and scripts.

command         arguments, exit status
  inputs            arguments --> names of image files
  run               names --> answers, through argus_client; Ctrl-C, and when to stop
    progress            what the terminal shows meanwhile, and at the end
    outputs             files that rows are added to, and what earlier runs left in them
      rows                  answer --> a row of CSV, a line of JSON, a row of the table
"""
