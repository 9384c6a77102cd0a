"""What pictures show: the record of it, and the tasks that find it out."""
