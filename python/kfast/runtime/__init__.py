"""What controllers are made of: informers, listers, work queues, leader election, events."""
