"""What is drawn: functions from state to elements. Looks are in assets/styles, words in texts; decides nothing."""
