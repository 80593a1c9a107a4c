"""What ours is compared with: one file a peer, its SQL written by hand for each database."""
