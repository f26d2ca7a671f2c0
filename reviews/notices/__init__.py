"""The bell for those who are not at the desk: mail, chat rooms and signed webhooks, sent from the outbox."""
