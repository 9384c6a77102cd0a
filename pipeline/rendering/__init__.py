"""ONE job, from reserved credits to stored file. The only room where money is risked."""
