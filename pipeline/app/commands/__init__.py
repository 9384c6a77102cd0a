"""What each command does besides `run`: frozen options in, a frozen result out, nothing printed."""
