"""What is deployed: the jobs, the feeds they read, and the command line that knows all the rest."""
