"""Small programs that show behavior-oriented concurrency at work; each checks its own result."""
