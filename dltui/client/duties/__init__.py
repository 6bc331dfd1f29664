"""What a client owes a round: an update as a trainer, reports and seals as a committee member."""
