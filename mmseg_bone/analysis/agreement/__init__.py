"""What a report and the marks on its scan say of each other."""
