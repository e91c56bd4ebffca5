"""How reports leave the house: schedules, mail, chat, and links for readers without a log-in."""
