module bearer

go 1.22
