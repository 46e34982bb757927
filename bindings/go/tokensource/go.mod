module bearer/tokensource

go 1.22

require (
	bearer v0.0.0
	golang.org/x/oauth2 v0.24.0
)

replace bearer => ../
