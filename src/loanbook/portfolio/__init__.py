"""What the book has to tell: questions, the engines that answer them, uncertainty, the lake."""
