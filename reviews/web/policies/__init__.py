"""The pages on which compliance staff read, write, try and put in force what asks a person."""
