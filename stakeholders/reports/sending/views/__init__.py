"""Pages of schedules, deliveries and links. Who decides over the team may; readers get 403, strangers 404."""
