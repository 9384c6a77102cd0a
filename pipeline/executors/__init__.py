"""Where heavy, repeatable work runs. An executor decides nothing and never pays."""
