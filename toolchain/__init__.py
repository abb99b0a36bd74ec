"""What `make setup` does: the virtual environment, and the programs that Python cannot bring."""
